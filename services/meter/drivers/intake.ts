import type { MeterRole } from "../../../shared/contracts/meter.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterListener, Mounting } from "../meter.port.ts";
import {
  freshSource,
  judgeObservation,
  type Observation,
  type SourceMemory,
  terminals,
  withCurrents,
} from "../sources/observation.core.ts";

export interface IntakeOptions {
  readonly role: MeterRole;
  readonly mounting: Mounting;
  readonly direction: "power" | "own";
  /** Terminals that are in use; null = as many as the device tells. */
  readonly phases: 1 | 3 | null;
  readonly clock: Clock;
}

/** Where the messages of one meter come in: counted, judged, and passed on if they may be believed. */
export class Intake {
  readonly #options: IntakeOptions;
  #listener: MeterListener | null = null;
  #memory: SourceMemory = freshSource;
  #counters: MeterCounters = { requests: 0, replies: 0, timeouts: 0, refused: 0, exceptions: 0 };
  #heardAt: Instant | null = null;
  #sampledAt: Instant = -Infinity;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#listener !== null;
  }

  open(listener: MeterListener): void {
    this.#listener = listener;
    this.#heardAt = this.#options.clock.now();
  }

  close(): void {
    this.#listener = null;
  }

  counters(): MeterCounters {
    return this.#counters;
  }

  /** Something came, or was asked for. */
  count(what: keyof MeterCounters): void {
    this.#counters = { ...this.#counters, [what]: this.#counters[what] + 1 };
  }

  /** How long nothing was heard, since the opening at most. */
  silentMs(): number {
    return this.#heardAt === null ? 0 : this.#options.clock.now() - this.#heardAt;
  }

  /** A message as the device tells it, and when it was measured at the latest. */
  accept(observation: Observation, sampledAt: Instant): void {
    const { role, mounting, direction, phases } = this.#options;
    this.#heardAt = this.#options.clock.now();
    const only = withCurrents(phases === 1 ? firstPhaseOf(observation) : observation, { role, phases });
    if (phases === 3 && only.currentA.some(amps => amps === null)) {
      this.refuse("fewer than 3 phases in it");
      return;
    }
    const rules = { direction, mounting, ofCar: role === "ev" };
    const judged = judgeObservation(only, rules, this.#memory);
    this.#memory = judged.memory;
    if (!judged.ok) {
      this.refuse(judged.reason);
      return;
    }
    this.count("replies");
    // Two messages that were under way together: the older one is no news.
    if (sampledAt <= this.#sampledAt) return;
    this.#sampledAt = sampledAt;
    this.#listener?.sample({ ...judged.value, sampledAt });
  }

  /** A message that must not be believed. */
  refuse(reason: string): void {
    this.#heardAt = this.#options.clock.now();
    this.count("refused");
    this.#listener?.problem(reason);
  }

  /** Nothing came. */
  miss(reason: string): void {
    this.count("timeouts");
    this.#listener?.problem(reason);
  }

  /** The way to the meter is shut; that is no message. */
  trouble(reason: string): void {
    this.#listener?.problem(reason);
  }
}

function firstPhaseOf(observation: Observation): Observation {
  const { currentA, powerW, voltageV } = observation;
  return {
    ...observation,
    currentA: terminals([currentA[0]]),
    powerW: terminals([powerW[0]]),
    voltageV: terminals([voltageV[0]]),
    totalPowerW: powerW[0] ?? observation.totalPowerW,
  };
}
