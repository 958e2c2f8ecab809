import { CAR_STATES } from "../../../services/simulator/board/electrics.ts";
import type { AvrBoard } from "./avr-board.ts";

type Word = (board: AvrBoard, rest: readonly string[]) => string | undefined;

/** The virtual board's words, for the wiring of a simulated processor. */
const WORDS: Readonly<Record<string, Word>> = {
  ev(board, [name]) {
    const state = CAR_STATES.find(known => known === name);
    return state === undefined ? undefined : done(() => board.present({ state }));
  },
  diode: (board, [value]) => onOff(value, diode => board.present({ diode })),
  pp(board, [value = ""]) {
    if (value === "open") return done(() => board.present({ ppOhm: null }));
    return /^\d{1,5}$/.test(value) ? done(() => board.present({ ppOhm: Number(value) })) : undefined;
  },
  cp(board, [value = "x"]) {
    const volts = value === "car" ? null : Number(value);
    if (volts !== null && !(volts >= -15 && volts <= 15)) return undefined;
    return done(() => {
      board.plant.cpOverrideV = volts;
    });
  },
  rcm: (board, [value]) => onOff(value, fault => board.plant.rcm.setFault(fault)),
  rcmtest: (board, [value]) =>
    onOff(value, answers => {
      board.plant.rcm.answersTest = answers;
    }),
  weld(board, [mask = ""]) {
    if (!/^[0-3]$/.test(mask)) return undefined;
    return done(() => {
      board.plant.k1.weld((Number(mask) & 1) !== 0);
      board.plant.k2.weld((Number(mask) & 2) !== 0);
    });
  },
  stuck: (board, [value]) =>
    onOff(value, stuck => {
      board.plant.k1.stick(stuck);
      board.plant.k2.stick(stuck);
    }),
  lockstuck: (board, [value]) =>
    onOff(value, stuck => {
      board.plant.lock.stuck = stuck;
    }),
  pin(board, [pin = "", level]) {
    const number = /^D(\d{1,2})$/.exec(pin)?.[1];
    if (number === undefined || Number(number) > 19) return undefined;
    return onOff(level, high => board.putOutside(Number(number), high ? 1 : 0));
  },
  eeprom(board, [word]) {
    if (word === "damaged") return done(() => [4, 20].forEach(cell => board.eeprom.flip(cell)));
    if (word !== "worn" && word !== "good") return undefined;
    return done(() => {
      board.eeprom.worn = word === "worn";
    });
  },
  /** A switch to ground on A4. */
  switch: (board, [value]) => onOff(value, pressed => board.putOutside(18, pressed ? 0 : 1)),
  /** What a sensor on A5 gives. */
  sensor(board, [mV = ""]) {
    if (!/^\d{1,4}$/.test(mV) || Number(mV) > 5_000) return undefined;
    return done(() => {
      board.plant.sensorV = Number(mV) / 1_000;
    });
  },
  reset: board => done(() => board.reset()),
  hang: board => done(() => board.hang()),
};

export function obeyAvr(board: AvrBoard, line: string): string {
  const [verb = "", ...rest] = line.trim().split(/\s+/);
  const answer = Object.hasOwn(WORDS, verb) ? WORDS[verb]?.(board, rest) : undefined;
  if (answer === undefined)
    throw new Error(`"${line}": expected one of ${Object.keys(WORDS).join(", ")} and its value`);
  return answer;
}

function done(run: () => void): string {
  run();
  return "done";
}

function onOff(value: string | undefined, run: (on: boolean) => void): string | undefined {
  if (value !== "0" && value !== "1") return undefined;
  return done(() => run(value === "1"));
}
