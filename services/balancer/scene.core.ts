import type { Instant } from "../../shared/time/clock.ts";
import type { BalancerSettings } from "./balancer.config.ts";
import { type Limit } from "./limits.core.ts";
import type { Trust } from "./trust.core.ts";

/** What the current decision works on. */
export interface Scene {
  readonly settings: BalancerSettings;
  readonly trust: Trust;
  readonly now: Instant;
  readonly limits: readonly Limit[];
  /** A new sample of a limit's meter has just come. */
  readonly fresh: boolean;
  /** That, or a new budget of the sun: something may be raised. */
  readonly news: boolean;
}
