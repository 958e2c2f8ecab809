import { BOARD_SETTINGS } from "../../../services/pilot/link.core.ts";
import { FLAG, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { HostCommand } from "../../../shared/evse-sysex/command.ts";
import { avrEngine } from "../../support/board-engine.ts";
import { wire } from "../../support/board-host.ts";
import { EngineBench } from "../../support/engine-bench.ts";
import { Rng } from "../../support/rng.ts";

/** Ten bits at 57600 baud. */
const BYTE_MS = 10_000 / 57_600;
const TTL_MS = 100;
const PULSE_MS = 100;
const CLEARABLE = FLAG.wdTrip | FLAG.rcmTrip | FLAG.hwWatchdog | FLAG.overrun;

/** One time that is promised: what it runs from and to, and its limit. */
export interface Timing {
  readonly title: string;
  /** What the firmware is held to. */
  readonly limitMs: number;
  /** What the standard allows, where it says so; the contactor needs some of it. */
  readonly standardMs?: number;
  /** One trial, at a random instant against everything periodic on the board. */
  readonly trial: (rig: TimingRig) => number;
}

/** A board that charges, and charges again after each trial. */
export class TimingRig {
  readonly bench = new EngineBench(avrEngine);
  readonly rng: Rng;

  constructor(seed: number) {
    this.rng = new Rng(seed);
    this.bench.configure("reportMs", 0);
  }

  /** Everything back in order, contactors closed, then a random wait of up to two sampling periods. */
  charge(state: "C" | "D" = "C", settleMs = 18): void {
    const { bench } = this;
    for (const words of ["rcm 0", "diode 1", "cp car", "pp 220", `ev ${state}`]) bench.say(words);
    bench.beat();
    bench.send({ kind: "clear", flags: CLEARABLE });
    bench.acknowledge();
    bench.send({ kind: "pwm", dutyPermille: 100 + this.rng.below(800) });
    bench.run(settleMs);
    if (bench.send({ kind: "contactor", mask: 3 }) !== RESULT.ok) throw new Error("the rig could not close");
    bench.run(this.rng.next() * 4);
  }

  /** From now until both coils are off. */
  untilOpen(limitMs: number): number {
    return this.bench.msUntilOpen(limitMs) ?? Infinity;
  }

  /** Sends on an idle line; answers the instant at which its last byte has arrived. */
  arrivalOf(command: HostCommand): number {
    const bytes = wire(command);
    this.bench.board.write(bytes);
    return this.bench.board.nowMs + bytes.length * BYTE_MS;
  }
}

export const TIMINGS: readonly Timing[] = [
  {
    title: "car leaves C or D (to A, B or E) → contactor pin off",
    limitMs: 20,
    standardMs: 100,
    trial(rig) {
      rig.charge(rig.rng.next() < 0.5 ? "C" : "D");
      rig.bench.say(["ev A", "ev B", "ev E"][rig.rng.below(3)] ?? "ev A");
      return rig.untilOpen(30);
    },
  },
  {
    title: "the same at the debounce of 30 ms that the pilot service sets",
    limitMs: 40,
    standardMs: 100,
    trial(rig) {
      rig.bench.configure("debounceMs", BOARD_SETTINGS.debounceMs);
      rig.charge("C", 60);
      rig.bench.say(["ev A", "ev B", "ev E"][rig.rng.below(3)] ?? "ev A");
      return rig.untilOpen(60);
    },
  },
  {
    title: "pilot becomes invalid (-1.6 to -12 V) → contactor pin off",
    limitMs: 20,
    trial(rig) {
      rig.charge();
      rig.bench.say(`cp ${(-1.6 - rig.rng.next() * 10.4).toFixed(2)}`);
      return rig.untilOpen(30);
    },
  },
  {
    title: "car's diode bridged → contactor pin off",
    limitMs: 20,
    trial(rig) {
      rig.charge();
      rig.bench.say("diode 0");
      return rig.untilOpen(30);
    },
  },
  {
    title: "residual-current line rises → contactor pin off",
    limitMs: 1,
    trial(rig) {
      rig.charge();
      rig.bench.say("rcm 1");
      return rig.untilOpen(5);
    },
  },
  {
    title: "deadline of the last grant → contactor pin off",
    limitMs: 2,
    trial(rig) {
      rig.charge();
      rig.bench.stopBeating();
      const deadline =
        rig.arrivalOf({ kind: "setpoint", dutyPermille: 200, mask: 3, ttlMs: TTL_MS, sequence: 1 }) + TTL_MS;
      return rig.bench.board.nowMs + rig.untilOpen(TTL_MS + 20) - deadline;
    },
  },
  {
    title: "host's “open” received → contactor pin off",
    limitMs: 1,
    trial(rig) {
      rig.charge();
      const arrival = rig.arrivalOf({ kind: "contactor", mask: 0 });
      return rig.bench.board.nowMs + rig.untilOpen(5) - arrival;
    },
  },
  {
    title: "pilot driven to steady -12 V under load → contactor pin off",
    limitMs: 55,
    trial(rig) {
      rig.charge();
      rig.bench.write({ kind: "pwm", dutyPermille: 0 });
      rig.bench.run(wire({ kind: "pwm", dutyPermille: 0 }).length * BYTE_MS);
      return rig.untilOpen(80);
    },
  },
  {
    title: "processor hangs with interrupts off → contactor pin off",
    limitMs: 100,
    trial(rig) {
      rig.charge();
      rig.bench.say("hang");
      const ms = rig.untilOpen(120);
      rig.bench.configure("reportMs", 0);
      return ms;
    },
  },
  {
    title: `lock pulse of ${PULSE_MS} ms: length`,
    limitMs: PULSE_MS,
    trial(rig) {
      const { bench } = rig;
      bench.run(rig.rng.next() * 2);
      bench.write({ kind: "lock", drive: 1, pulseMs: PULSE_MS });
      const starts = bench.msUntil(() => bench.board.lockDrive === 1, 10);
      const lasts = bench.msUntil(() => bench.board.lockDrive === 0, PULSE_MS + 20);
      bench.say("reset");
      bench.run(30);
      return starts === null || lasts === null ? Infinity : lasts;
    },
  },
];

export interface Measured extends Omit<Timing, "trial"> {
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function measure({ trial, ...timing }: Timing, rounds: number, seed: number): Measured {
  const rig = new TimingRig(seed);
  const ms = Array.from({ length: rounds }, () => trial(rig)).sort((a, b) => a - b);
  const at = (share: number): number => ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? Infinity;
  return { ...timing, minMs: at(0), p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
