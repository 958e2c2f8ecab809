import type { Measurement, Mounting } from "../meter.port.ts";
import { type Counters, freshMemory, judgeEnergy, judgeLive, judgeVoltages } from "./decode.core.ts";
import { explainSilence, findAnswer, readRequestOf } from "./frame.core.ts";
import type { MeterProfile } from "./profiles.ts";
import { decodeWords, type RawValues, wordsOf } from "./registers.core.ts";

/** A request to a meter and what came back: whole RTU frames with their checksums. */
export interface Exchange {
  readonly request: Buffer;
  readonly response: Buffer;
}

export type ExchangesDecoded =
  | {
      readonly ok: true;
      /** As the device counts them. */
      readonly raw: RawValues;
      /** As the installation counts them; currents and powers only mean something where they are among `raw`. */
      readonly measured: Measurement;
      readonly counters: Counters;
    }
  | { readonly ok: false; readonly reason: string };

const STRAIGHT: Mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] };

/** What a meter says in recorded frames, judged as a driver judges it. */
export function decodeExchanges(
  profile: MeterProfile,
  exchanges: readonly Exchange[],
  mounting: Mounting = STRAIGHT,
): ExchangesDecoded {
  const words = new Map<number, number>();
  for (const { request, response } of exchanges) {
    const asked = readRequestOf(request);
    if (asked === null || (asked.fn !== 3 && asked.fn !== 4))
      return { ok: false, reason: `${request.toString("hex")} is no request to read registers` };
    const { unit, start, quantity } = asked;
    const fn = asked.fn === 3 ? 3 : 4;
    if (fn !== profile.fn) {
      return { ok: false, reason: `function ${fn}; ${profile.key} is read with function ${profile.fn}` };
    }
    const frame = findAnswer(asked, response);
    if (frame === null) return { ok: false, reason: explainSilence(asked, response) ?? "no answer" };
    if (((frame[1] ?? 0) & 0x80) !== 0) {
      return { ok: false, reason: `unit ${unit} answers with exception ${frame[2] ?? "?"}` };
    }
    const read = wordsOf({ fn, start, quantity }, frame.subarray(3, -2));
    if (!read.ok) return read;
    for (const [address, word] of read.values) words.set(address, word);
  }
  const decoded = decodeWords(profile, words);
  if (!decoded.ok) return decoded;
  const raw = decoded.values;
  const voltages = judgeVoltages(profile, raw, freshMemory);
  if (!voltages.ok) return voltages;
  const energy = judgeEnergy(profile, mounting, raw, voltages.memory);
  if (!energy.ok) return energy;
  const live = judgeLive(profile, mounting, raw, energy.memory);
  return live.ok ? { ok: true, raw, measured: live.value, counters: energy.value } : live;
}
