import { BOOT, DUTY, FLAG, OUTPUT } from "../../shared/evse-sysex/codes.ts";

/** A board's numbers in the words of a person at the board. */

const FLAG_WORDS: readonly (readonly [number, string])[] = [
  [FLAG.wdTrip, "the host fell silent"],
  [FLAG.rcmTrip, "residual current tripped"],
  [FLAG.rcmLine, "residual-current line says fault"],
  [FLAG.localOpen, "the board opened by itself"],
  [FLAG.diode, "the car's diode is missing"],
  [FLAG.rcmTestBad, "residual-current self test failed"],
  [FLAG.weld, "contactor welded"],
  [FLAG.lockFeedback, "lock feedback: locked"],
  [FLAG.wdArmed, "watchdog armed"],
  [FLAG.rcmTesting, "residual-current test runs"],
  [FLAG.contactFeedback, "contactor feedback: closed"],
  [FLAG.hwWatchdog, "the processor hung and was restarted"],
  [FLAG.overrun, "messages were dropped"],
  [FLAG.safeCurrent, "on its own with the safe current"],
];

export function flagWords(flags: number): readonly string[] {
  return FLAG_WORDS.filter(([flag]) => (flags & flag) !== 0).map(([, words]) => words);
}

export function outputWords(outputs: number): string {
  const k1 = (outputs & OUTPUT.k1) !== 0;
  const k2 = (outputs & OUTPUT.k2) !== 0;
  const contactors =
    k1 && k2 ? "contactors K1 and K2 on" : k1 ? "contactor K1 on" : k2 ? "contactor K2 on" : "contactors off";
  const others = [
    ...((outputs & OUTPUT.lock) !== 0 ? ["driving the lock"] : []),
    ...((outputs & OUTPUT.unlock) !== 0 ? ["driving the unlock"] : []),
    ...((outputs & OUTPUT.rcmTest) !== 0 ? ["residual-current test on"] : []),
  ];
  return [contactors, ...others].join(", ");
}

export function dutyWords(dutyPermille: number): string {
  if (dutyPermille === DUTY.negative) return "steady -12 V";
  if (dutyPermille === DUTY.positive) return "steady +12 V";
  return `${(dutyPermille / 10).toFixed(1)} %`;
}

const BOOT_WORDS: readonly (readonly [number, string])[] = [
  [BOOT.watchdog, "its processor hung"],
  [BOOT.brownOut, "supply voltage too low"],
  [BOOT.external, "reset line"],
  [BOOT.powerOn, "power on"],
];

export function bootWords(cause: number): string {
  return BOOT_WORDS.find(([bit]) => (cause & bit) !== 0)?.[1] ?? `not told (${cause})`;
}

export function voltsWords(volts: number | null | undefined): string {
  return volts === null || volts === undefined ? "no sample" : `${volts.toFixed(2)} V`;
}

/** Label and value as two columns. */
export function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`);
}
