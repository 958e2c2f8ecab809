import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import type { Limit, MeterKey } from "./limits.core.ts";
import type { Trust } from "./trust.core.ts";

/** What the current decision works on. */
export interface Scene {
  readonly settings: BalancerSettings;
  readonly trust: Trust;
  readonly now: Instant;
  readonly limits: readonly Limit[];
  /** Nobody charges: the meter of the circuit of all points is silent. */
  readonly circuitSilent: boolean;
  /** Place of each point that wants a share in the ring, 0 = it begins there. */
  readonly ranks: ReadonlyMap<string, number>;
  /** The meter of which a new sample has just come. */
  readonly fresh: MeterKey | null;
  /** That, or a new budget of the sun: something may be raised. */
  readonly news: boolean;
}
