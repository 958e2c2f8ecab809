import type { StepMessage } from "./protocol.ts";

/** A step message as it stands on the line: currents with one decimal, times with three. */
export function lineOf(message: StepMessage): string {
  const one = (values: readonly number[]): string => `[${values.map(value => value.toFixed(1)).join(",")}]`;
  const { batteryCurrent } = message;
  return (
    `{"type":"step","t":${message.t.toFixed(3)},"mainsSeq":${message.mainsSeq},"mainsT":${message.mainsT.toFixed(3)},` +
    `"mainsCurrents":${one(message.mainsCurrents)},"evCurrents":[${message.evCurrents.map(one).join(",")}],` +
    `"pilot":${JSON.stringify(message.pilot)},"batteryCurrent":${batteryCurrent === null ? "null" : batteryCurrent.toFixed(1)},` +
    `"authorized":[${message.authorized.join(",")}]}`
  );
}
