import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { householdA } from "./household.ts";

const NOMINAL_V = 230;
const HOUR_MS = 3_600_000;

/** A household without a meter: for a look at a site before its meter is wired. */
export class SimulatedMeter implements MeterDriver {
  readonly source: string;
  readonly #spec: MeterSpec & { kind: "simulated" };
  readonly #clock: Clock;
  #listener: MeterListener | null = null;
  #cancel: Cancel | null = null;
  #samples = 0;
  #importWh = 0;
  #last: { readonly at: Instant; readonly powerW: number } | null = null;

  constructor(spec: MeterSpec & { kind: "simulated" }, clock: Clock) {
    this.source = `simulated household, ${spec.baseA} A per phase, seed ${spec.seed}`;
    this.#spec = spec;
    this.#clock = clock;
  }

  start(listener: MeterListener): void {
    this.#listener = listener;
    this.#cancel = this.#clock.every(this.#spec.pollMs, () => {
      this.#deliver();
    });
    this.#deliver();
  }

  async stop(): Promise<void> {
    this.#listener = null;
    this.#cancel?.();
    return Promise.resolve();
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    return { requests: this.#samples, replies: this.#samples, timeouts: 0, refused: 0, exceptions: 0 };
  }

  #deliver(): void {
    const at = this.#clock.now();
    const currentA = householdA(this.#clock.civilMs(), this.#spec.baseA, this.#spec.seed);
    const watts = (amps: number): number => Math.round(amps * NOMINAL_V);
    const powerW = { l1: watts(currentA.l1), l2: watts(currentA.l2), l3: watts(currentA.l3) };
    const totalPowerW = powerW.l1 + powerW.l2 + powerW.l3;
    if (this.#last !== null) this.#importWh += (this.#last.powerW * (at - this.#last.at)) / HOUR_MS;
    this.#last = { at, powerW: totalPowerW };
    this.#samples += 1;
    this.#listener?.sample({ currentA, powerW, totalPowerW, importWh: this.#importWh, exportWh: 0, sampledAt: at });
  }
}
