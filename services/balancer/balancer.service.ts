import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type Actor, type Step, startActor } from "../../shared/actor/actor.ts";
import { Journal } from "../../shared/actor/journal.ts";
import { packJournal } from "../../shared/actor/journal-text.ts";
import { answer, publish, subscribe } from "../../shared/bus/bus.ts";
import { standOn } from "../../shared/bus/standing.ts";
import { balancerAllocation, balancerStatus } from "../../shared/contracts/balancer.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { balancerExplain, balancerJournal } from "../../shared/contracts/insight.ts";
import { limitsCurrent } from "../../shared/contracts/limits.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { solarBudget } from "../../shared/contracts/solar.ts";
import { PointUnknown } from "../../shared/errors.ts";
import { alone, type Leadership } from "../../shared/lease/leadership.ts";
import { type ChargePoint, type Supply, WHOLE_SITE } from "../../shared/site/site-file.ts";
import type { Clock, Instant } from "../../shared/time/clock.ts";
import { type BalancerInput, balance } from "./balancer.core.ts";
import { balancerSettingsOf, wiringOf } from "./balancer.settings.ts";
import type { CircuitWiring } from "./circuits.core.ts";
import { explainAllocation } from "./explain.core.ts";
import { type BalancerState, idleBalancer } from "./state.core.ts";
import type { BalancerOutput } from "./tell.core.ts";
import { siteTrust } from "./trust.core.ts";

export interface BalancerOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly chargePoints: readonly ChargePoint[];
  /** Those of the site file, below the one of all points. */
  readonly circuits?: readonly CircuitWiring[];
  /** The site has a service that keeps limits from outside: they have to be heard first. */
  readonly keepsLimits: boolean;
  /** Fuses beyond what MAINS and CIRCUIT can say. */
  readonly supply?: Supply;
  /** The site file names a mains meter of its own, whatever MAINS MET says. */
  readonly mainsMeterFixed: boolean;
  /** The site has a meter in the role `circuit`. */
  readonly circuitMeterFixed: boolean;
  /** The node it runs on, as the site file names it. Left out: one process runs the whole site. */
  readonly node?: string;
  /** Whether it is the one that decides, where several nodes carry the balancer. */
  readonly leadership?: Leadership;
}

/** Facts in, `balance`, allocations out. */
export function balancerService(options: BalancerOptions): ServiceSchema {
  const { broker, clock, chargePoints, circuits = [], keepsLimits } = options;
  const { node = WHOLE_SITE, leadership = alone } = options;
  const log = broker.getLogger("balancer");
  const journal = new Journal();
  const standing = standOn({ broker, clock, service: "balancer", node, leadership, log });
  const journalled = journal.watch(balance);
  let actor: Actor<BalancerState, BalancerInput> | null = null;
  let longestMs = 0;

  function decide(state: BalancerState, input: BalancerInput, now: Instant): Step<BalancerState, BalancerOutput> {
    const step = journalled(state, input, now);
    longestMs = Math.max(longestMs, clock.now() - now);
    return step;
  }

  function perform(output: BalancerOutput): void {
    // Asked for each word anew: this process may have been stopped for a while since it decided.
    if (leadership.epoch() === null) return;
    if (output.kind === "allocation") {
      publish(broker, balancerAllocation, output.allocation);
      return;
    }
    publish(broker, balancerStatus, { node, decisionMs: longestMs, ...output.status });
    longestMs = 0;
  }

  return {
    name: "balancer",
    started() {
      actor = startActor<BalancerState, BalancerInput, BalancerOutput>({
        initial: {
          ...idleBalancer(chargePoints.map(wiringOf), clock.now(), circuits, keepsLimits),
          epoch: leadership.epoch(),
        },
        step: decide,
        perform,
        clock,
        tick: { everyMs: 1_000, input: { kind: "tick" } },
      });
      log.info({ points: chargePoints.length }, "balancing");
      standing.begin(epoch => actor?.tell({ kind: "role", epoch }));
    },
    async stopped() {
      actor?.stop();
      await standing.end();
    },
    events: {
      ...subscribe(meterReading, reading => actor?.tell({ kind: "reading", reading })),
      ...subscribe(evseStatus, status => {
        standing.heard(status.allotted?.epoch ?? 0);
        actor?.tell({ kind: "status", status });
      }),
      ...subscribe(solarBudget, budget => actor?.tell({ kind: "sun", budget })),
      ...subscribe(limitsCurrent, limits => actor?.tell({ kind: "limits", limits })),
      ...subscribe(settingsCurrent, current => {
        standing.informed();
        actor?.tell({ kind: "settings", settings: balancerSettingsOf(current, options) });
      }),
    },
    actions: {
      ...answer(balancerExplain, ({ evseId }) => {
        const now = clock.now();
        const insight =
          actor === null ? null : explainAllocation(actor.state, evseId, siteTrust(actor.state, now), now);
        if (insight !== null) return insight;
        throw new PointUnknown(
          evseId,
          chargePoints.map(({ id }) => id),
        );
      }),
      ...answer(balancerJournal, async () => ({
        packed: await packJournal({ core: "balancer", name: "balancer" }, journal),
      })),
    },
  };
}
