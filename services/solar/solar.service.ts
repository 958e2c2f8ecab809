import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type Actor, startActor } from "../../shared/actor/actor.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { standOn } from "../../shared/bus/standing.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { type SettingsCommanded, settingsCommanded, settingsCurrent } from "../../shared/contracts/settings.ts";
import { type SolarBudget, solarBudget } from "../../shared/contracts/solar.ts";
import { alone, type Leadership } from "../../shared/lease/leadership.ts";
import { type ChargePoint, WHOLE_SITE } from "../../shared/site/site-file.ts";
import type { Clock } from "../../shared/time/clock.ts";
import type { SolarConfig } from "./solar.config.ts";
import { followSun, type SolarInput } from "./solar.core.ts";
import { solarSettingsOf } from "./solar.settings.ts";
import { idleSolar, type SolarState } from "./state.core.ts";

export interface SolarOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly chargePoints: readonly ChargePoint[];
  readonly config: SolarConfig;
  /** The node it runs on, as the site file names it. Left out: one process runs the whole site. */
  readonly node?: string;
  /** Whether it is the one that decides, where several nodes carry it. */
  readonly leadership?: Leadership;
}

/** Readings and states in, `followSun`, the budget of the sun out. */
export function solarService(options: SolarOptions): ServiceSchema {
  const { broker, clock, chargePoints, config, node = WHOLE_SITE, leadership = alone } = options;
  const log = broker.getLogger("solar");
  let actor: Actor<SolarState, SolarInput> | null = null;
  const standing = standOn({ broker, clock, service: "solar", node, leadership, log });
  const told = new Map<string, string>();

  function tellChanges(budget: SolarBudget): void {
    for (const { evseId, go, phases, boundBy, outlook } of budget.points) {
      const news = `${go} ${phases} ${boundBy}`;
      if (boundBy !== "not-charging" && told.get(evseId) !== news)
        log.info({ evseId, go, phases, boundBy, outlook }, "solar charging changed");
      told.set(evseId, news);
    }
  }

  return {
    name: "solar",
    started() {
      actor = startActor<SolarState, SolarInput, SolarBudget>({
        initial: idleSolar(
          chargePoints.map(({ id, phases }) => ({ id, supplyPhases: phases })),
          leadership.epoch(),
        ),
        step: followSun,
        perform: budget => {
          if (leadership.epoch() === null) return;
          tellChanges(budget);
          publish(broker, solarBudget, budget);
        },
        clock,
        tick: { everyMs: 1_000, input: { kind: "tick" } },
      });
      standing.begin(epoch => actor?.tell({ kind: "role", epoch }));
    },
    async stopped() {
      actor?.stop();
      await standing.end();
    },
    events: {
      ...subscribe(meterReading, reading => actor?.tell({ kind: "reading", reading })),
      ...subscribe(evseStatus, status => actor?.tell({ kind: "status", status })),
      ...subscribe(solarBudget, budget => {
        standing.heard(budget.epoch);
        actor?.tell({ kind: "budget", budget });
      }),
      ...subscribe(settingsCurrent, current => {
        standing.informed();
        actor?.tell({ kind: "settings", settings: solarSettingsOf(current, chargePoints, config) });
      }),
      ...subscribe(settingsCommanded, commanded => {
        const input = commandOf(commanded);
        if (input !== null) actor?.tell(input);
      }),
    },
  };
}

/** The commands that are meant for solar charging; the battery's current is fed in 0.1 A. */
function commandOf({ key, evseId, value }: SettingsCommanded): SolarInput | null {
  if (key === "battery_current" && typeof value === "number") return { kind: "battery", currentA: value / 10 };
  if (key === "phases" && evseId !== null && (value === 1 || value === 3))
    return { kind: "phases", evseId, phases: value };
  return null;
}
