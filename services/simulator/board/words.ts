import { EvseError } from "../../../shared/errors.ts";
import { CAR_STATES } from "./electrics.ts";
import type { VirtualBoard } from "./virtual-board.ts";

/** A line that the virtual board does not understand. Nothing was changed. */
export class BoardWordsRefused extends EvseError {
  readonly code = "simulator.words-refused";
}

/** What one word wants after it, and what it does with it. */
interface Word {
  readonly usage: string;
  readonly run: (board: VirtualBoard, rest: readonly string[]) => string | undefined;
}

const WORDS: Readonly<Record<string, Word>> = {
  ev: {
    usage: "ev A|B|C|D|E",
    run(board, [state]) {
      const known = CAR_STATES.find(name => name === state);
      return known === undefined ? undefined : done(() => board.present({ state: known }));
    },
  },
  diode: { usage: "diode 0|1", run: (board, rest) => onOff(rest, diode => board.present({ diode })) },
  pp: {
    usage: "pp <ohm>|open",
    run(board, [value]) {
      if (value === "open") return done(() => board.present({ ppOhm: null }));
      return whole(value, 0, 16_382, ppOhm => board.present({ ppOhm }));
    },
  },
  cp: {
    usage: "cp <volts -15..15>|car",
    run(board, [value]) {
      if (value === "car") return done(() => board.overrideCp(null));
      const volts = value === undefined || value === "" ? Number.NaN : Number(value);
      return volts >= -15 && volts <= 15 ? done(() => board.overrideCp(volts)) : undefined;
    },
  },
  rcm: { usage: "rcm 0|1", run: (board, rest) => onOff(rest, fault => board.wiring.rcm.setFault(fault)) },
  rcmtest: { usage: "rcmtest 0|1", run: (board, rest) => onOff(rest, works => board.wiring.rcm.setAnswersTest(works)) },
  weld: {
    usage: "weld <mask 0..3>",
    run: (board, [mask]) =>
      whole(mask, 0, 3, value => {
        board.wiring.k1.weld((value & 1) !== 0);
        board.wiring.k2.weld((value & 2) !== 0);
      }),
  },
  stuck: {
    usage: "stuck 0|1",
    run: (board, rest) =>
      onOff(rest, stuck => {
        board.wiring.k1.stick(stuck);
        board.wiring.k2.stick(stuck);
      }),
  },
  switch: { usage: "switch 0|1", run: (board, rest) => onOff(rest, pressed => board.pressSwitch(pressed)) },
  sensor: { usage: "sensor <mV at A5>", run: (board, [mV]) => whole(mV, 0, 5_000, value => board.setSensor(value)) },
  lockstuck: { usage: "lockstuck 0|1", run: (board, rest) => onOff(rest, stuck => board.wiring.lock.setStuck(stuck)) },
  pin: {
    usage: "pin D0..D19 0|1",
    run(board, [pin, level]) {
      const number = /^D(\d+)$/.exec(pin ?? "")?.[1];
      if (level !== "0" && level !== "1") return undefined;
      return whole(number, 0, 19, value => board.putOutside(value, level === "1" ? 1 : 0));
    },
  },
  eeprom: {
    usage: "eeprom damaged|worn|good",
    run(board, [word]) {
      const { memory } = board.wiring;
      if (word === "damaged") return done(() => memory.damage());
      return word === "worn" || word === "good" ? done(() => memory.setWorn(word === "worn")) : undefined;
    },
  },
  stat: { usage: "stat", run: board => JSON.stringify(statOf(board)) },
  reset: { usage: "reset", run: board => done(() => board.reset()) },
  hang: { usage: "hang", run: board => done(() => board.hang()) },
  overrun: { usage: "overrun", run: board => done(() => board.latchOverrun()) },
  silent: {
    usage: "silent 0|1",
    run: (board, rest) =>
      onOff(rest, silent => {
        board.faults.silent = silent;
      }),
  },
  lose: {
    usage: "lose <every nth byte, 0 = none>",
    run: (board, [every]) =>
      whole(every, 0, 100_000, value => {
        board.faults.loseEvery = value;
      }),
  },
  flip: {
    usage: "flip <a bit of every nth byte, 0 = none>",
    run: (board, [every]) =>
      whole(every, 0, 100_000, value => {
        board.faults.flipEvery = value;
      }),
  },
  lateack: {
    usage: "lateack <ms>",
    run: (board, [delay]) =>
      whole(delay, 0, 10_000, value => {
        board.faults.lateAckMs = value;
      }),
  },
  pace: {
    usage: "pace <baud>|off",
    run(board, [baud]) {
      if (baud === "off") {
        return done(() => {
          board.faults.baudRate = null;
        });
      }
      return whole(baud, 300, 1_000_000, value => {
        board.faults.baudRate = value;
      });
    },
  },
  garbage: { usage: "garbage <bytes>", run: (board, [n]) => whole(n, 1, 4096, value => board.sendGarbage(value)) },
  firmware: {
    usage: "firmware <name> <major>.<minor>",
    run(board, [name, version]) {
      const parts = /^(\d{1,2})\.(\d{1,2})$/.exec(version ?? "");
      if (name === undefined || parts === null) return undefined;
      return done(() => {
        board.firmware = { name, major: Number(parts[1]), minor: Number(parts[2]) };
      });
    },
  },
};

/** Carries out one line; "done", or what `stat` tells. */
export function obey(board: VirtualBoard, line: string): string {
  const [verb = "", ...rest] = line.trim().split(/\s+/);
  const word = Object.hasOwn(WORDS, verb) ? WORDS[verb] : undefined;
  if (word === undefined) {
    const usages = Object.values(WORDS).map(({ usage }) => usage);
    throw new BoardWordsRefused(`"${line}": expected one of: ${usages.join(", ")}`);
  }
  const wanted = word.usage.split(/\s(?![^<]*>)/).length - 1;
  const answer = rest.length === wanted ? word.run(board, rest) : undefined;
  if (answer === undefined) throw new BoardWordsRefused(`"${line}": expected ${word.usage}`);
  return answer;
}

function done(run: () => void): string {
  run();
  return "done";
}

function onOff([value]: readonly string[], run: (on: boolean) => void): string | undefined {
  if (value !== "0" && value !== "1") return undefined;
  return done(() => run(value === "1"));
}

function whole(text: string | undefined, min: number, max: number, run: (value: number) => void): string | undefined {
  if (text === undefined || !/^\d{1,7}$/.test(text)) return undefined;
  const value = Number(text);
  return value < min || value > max ? undefined : done(() => run(value));
}

function statOf(board: VirtualBoard): object {
  const { contactors, pilot, car, cpState, flags, led, running } = board;
  return { contactors, pilot, car, cpState, flags, led, plugLocked: board.wiring.lock.locked, running };
}
