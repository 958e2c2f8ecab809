import { PHASES } from "../../../shared/contracts/units.ts";
import { MeterFeedRefused } from "../../../shared/errors.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";
import type { Feed, MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";

/** What is believed of a fed current, in A: the mains may export, a car does not (spec control 8). */
const GRID_RANGE_A = [-200, 200] as const;
const CAR_RANGE_A = [0, 99.9] as const;
/** A total power that came separately stands beside the currents this long; counters stay what they were. */
const POWER_LIFETIME_MS = 11_000;

/**
 * A meter whose values come from outside. Currents make a sample; power and energy come with the next currents, and
 * never make older currents look fresh.
 */
export class ApiMeter implements MeterDriver {
  readonly source = "API";
  readonly #spec: MeterSpec;
  readonly #clock: Clock;
  #listener: MeterListener | null = null;
  #power: { readonly totalPowerW: number; readonly at: Instant } | null = null;
  #importWh: number | null = null;
  #exportWh: number | null = null;
  #counters: MeterCounters = { requests: 0, replies: 0, timeouts: 0, refused: 0, exceptions: 0 };

  constructor(spec: MeterSpec, clock: Clock) {
    this.#spec = spec;
    this.#clock = clock;
  }

  start(listener: MeterListener): void {
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    this.#listener = null;
    return Promise.resolve();
  }

  feed(feed: Feed): boolean {
    this.#count("requests");
    const wrong = this.#wrongWith(feed);
    if (wrong !== null) {
      this.#count("refused");
      this.#listener?.problem(wrong);
      throw new MeterFeedRefused(wrong);
    }
    this.#count("replies");
    const now = this.#clock.now();
    if (feed.totalPowerW !== null) this.#power = { totalPowerW: feed.totalPowerW, at: now };
    this.#importWh = feed.importWh ?? this.#importWh;
    this.#exportWh = feed.exportWh ?? this.#exportWh;
    if (feed.currentA !== null) {
      const { phaseRotation, reversed } = this.#spec.mounting;
      const currentA = { l1: 0, l2: 0, l3: 0 };
      for (const [index, terminal] of PHASES.entries()) {
        const phase = phaseRotation[index] ?? terminal;
        currentA[phase] = reversed ? 0 - feed.currentA[terminal] : feed.currentA[terminal];
      }
      const power = this.#power !== null && now - this.#power.at <= POWER_LIFETIME_MS ? this.#power.totalPowerW : null;
      this.#listener?.sample({
        currentA,
        powerW: null,
        totalPowerW: power === null || !reversed ? power : 0 - power,
        importWh: reversed ? this.#exportWh : this.#importWh,
        exportWh: reversed ? this.#importWh : this.#exportWh,
        sampledAt: now,
      });
    }
    return true;
  }

  counters(): MeterCounters {
    return this.#counters;
  }

  #wrongWith({ currentA }: Feed): string | null {
    const [lowest, highest] = this.#spec.role === "ev" ? CAR_RANGE_A : GRID_RANGE_A;
    for (const phase of PHASES) {
      const amps = currentA?.[phase] ?? lowest;
      if (!(amps >= lowest && amps <= highest)) {
        return `fed current ${phase.toUpperCase()} of ${amps} A; expected ${lowest}..${highest} A`;
      }
    }
    return null;
  }

  #count(what: keyof MeterCounters): void {
    this.#counters = { ...this.#counters, [what]: this.#counters[what] + 1 };
  }
}
