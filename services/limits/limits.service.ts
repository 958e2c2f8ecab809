import type { ServiceBroker, ServiceSchema } from "moleculer";
import { answer, publish, subscribe } from "../../shared/bus/bus.ts";
import { type LimitsAnswer, limitsCurrent, limitsSet, limitsWithdraw } from "../../shared/contracts/limits.ts";
import { type MeterReading, meterReading } from "../../shared/contracts/meter.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { messageOf } from "../../shared/errors.ts";
import { oneAtATime } from "../../shared/in-turn.ts";
import { intervalPowerW } from "../../shared/settings/capacity.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { wallTimeAt } from "../../shared/wall-clock.ts";
import type { LimitsSettings } from "./limits.config.ts";
import type { KeptLimit, LimitsKeeper, QuarterState } from "./limits.port.ts";
import { limitsSettingsOf } from "./limits.settings.ts";
import { beginQuarter, measure, quarterFact, turn } from "./quarter.core.ts";
import { setLimit, shifted, stillSet, toldLimits, withdrawLimit } from "./standing.core.ts";

const NOMINAL_V = 230;
/** At most this much of the quarter hour becomes unseen by a power cut. */
const KEEP_EVERY_MS = 30_000;
/** A civil clock that moves by more than this against the monotonic one was set. */
const JUMP_MS = 2_000;

export interface LimitsOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  /** Ids of the charge points that a limit may be set for. */
  readonly points: readonly string[];
  readonly keeper: LimitsKeeper;
  /** Zone of month and time of day; that of the process when left out. */
  readonly timeZone?: string;
}

/** Owns the limits that somebody outside has set, and follows the quarter hour. What it tells adds to all other limits. */
export function limitsService({ broker, clock, points, keeper, timeZone }: LimitsOptions): ServiceSchema {
  const log = broker.getLogger("limits");
  const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  let limits: readonly KeptLimit[] = [];
  /** Limits that were set in this process: their end does not follow a civil clock that is set. */
  const setHere = new Set<string>();
  let quarter: QuarterState | null = null;
  let settings: LimitsSettings | null = null;
  let civilOffsetMs = clock.civilMs() - clock.now();
  let keptAt = clock.now();
  let lastSequence = -1;
  const queue = oneAtATime();
  let stopTicking: Cancel | null = null;

  function tell(): void {
    const civilMs = clock.civilMs();
    const minute = wallTimeAt(civilMs, zone).slice(11).split(":").map(Number);
    publish(broker, limitsCurrent, {
      limits: toldLimits(limits, civilMs),
      quarter: quarter === null ? null : quarterFact(quarter, settings, civilMs),
      intervalW: intervalPowerW(settings?.intervals ?? [], (minute[0] ?? 0) * 60 + (minute[1] ?? 0)),
    });
  }

  function hear(reading: MeterReading): void {
    if (reading.role !== "mains" || reading.sequence === lastSequence) return;
    lastSequence = reading.sequence;
    const { l1, l2, l3 } = reading.currentA;
    const civilMs = clock.civilMs();
    const powerW = reading.totalPowerW ?? (l1 + l2 + l3) * NOMINAL_V;
    quarter = measure(quarter ?? beginQuarter(civilMs, zone), powerW, civilMs - reading.ageMs, zone);
    tell();
  }

  function tick(): void {
    const jumpMs = clock.civilMs() - clock.now() - civilOffsetMs;
    civilOffsetMs += jumpMs;
    if (Math.abs(jumpMs) > JUMP_MS) limits = shifted(limits, setHere, jumpMs);
    const before = limits.length;
    limits = stillSet(limits, clock.civilMs());
    if (limits.length < before) log.info({ limits: limits.length }, "a limit has ended");
    if (quarter !== null) quarter = turn(quarter, clock.civilMs(), zone);
    tell();
    if (clock.now() - keptAt < KEEP_EVERY_MS) return;
    keptAt = clock.now();
    keeper.save({ limits, quarter }).catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, "the quarter hour is not kept");
    });
  }

  /** One change at a time; durable first, in force and acknowledged after. */
  function change(by: string, apply: () => readonly KeptLimit[], limitId: string): Promise<LimitsAnswer> {
    return queue.run(async () => {
      const next = apply();
      await keeper.save({ limits: next, quarter });
      limits = next;
      log.info({ by, limitId, limits: limits.length }, "limits changed");
      tell();
      return { limits: toldLimits(limits, clock.civilMs()) };
    });
  }

  return {
    name: "limits",
    started() {
      const { kept, problem } = keeper.load();
      if (problem !== null)
        log.error({ problem }, "kept limits cannot be read; limits from outside have to be set again");
      limits = stillSet(kept.limits, clock.civilMs());
      quarter = kept.quarter === null ? null : turn({ ...kept.quarter, seen: false }, clock.civilMs(), zone);
      tell();
      stopTicking = clock.every(1_000, tick);
    },
    async stopped() {
      stopTicking?.();
      await queue.idle();
      await keeper.save({ limits, quarter });
    },
    events: {
      ...subscribe(meterReading, hear),
      ...subscribe(settingsCurrent, current => {
        settings = limitsSettingsOf(current);
      }),
    },
    actions: {
      ...answer(limitsSet, params =>
        change(
          params.owner,
          () => {
            const next = setLimit(limits, params, points, clock.civilMs());
            setHere.add(params.limitId);
            return next;
          },
          params.limitId,
        ),
      ),
      ...answer(limitsWithdraw, params => change(params.owner, () => withdrawLimit(limits, params), params.limitId)),
    },
  };
}
