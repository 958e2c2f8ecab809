import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type Actor, startActor } from "../../shared/actor/actor.ts";
import { answer, publish, subscribe } from "../../shared/bus/bus.ts";
import { type MeterRole, meterFeed, meterReading, meterStatus } from "../../shared/contracts/meter.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { MeterFeedRefused, messageOf } from "../../shared/errors.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import type { MeterConfig } from "./meter.config.ts";
import { freshMeter, keepMeter, type MeterInput, type MeterOutput, type MeterState } from "./meter.core.ts";
import type { MeterCounters, MeterDriver, MeterSpec, OpenMeterDriver } from "./meter.port.ts";

export interface MeterServiceOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly meterId: string;
  readonly config: MeterConfig;
  readonly openDriver: OpenMeterDriver;
}

const NO_COUNTERS: MeterCounters = { requests: 0, replies: 0, timeouts: 0, refused: 0, exceptions: 0 };
/** Silence is seen this soon. */
const TICK_MS = 250;

/** Reads one meter, whichever the site file or the settings name at the moment. */
export function meterService({ broker, clock, meterId, config, openDriver }: MeterServiceOptions): ServiceSchema {
  const name = `meter-${meterId}`;
  const log = broker.getLogger(name);
  let actor: Actor<MeterState, MeterInput> | null = null;
  let driver: MeterDriver | null = null;
  let cancelTick: Cancel | null = null;
  /** One driver is gone before the next one comes: they may share a line. */
  let changing: Promise<void> = Promise.resolve();

  function perform(output: MeterOutput): void {
    switch (output.kind) {
      case "reading": {
        const measuredAt = new Date(clock.civilMs() - output.reading.ageMs).toISOString();
        publish(broker, meterReading, { ...output.reading, measuredAt });
        return;
      }
      case "status": {
        const { state, source, lastError, findings = [] } = output.status;
        publish(broker, meterStatus, output.status);
        if (!output.changed) return;
        if (state === "silent") log.warn({ source, lastError }, "meter is silent");
        else log.info({ state, source, lastError }, "meter state changed");
        for (const { code, text } of findings) log.warn({ source, code, text }, "something is wrong with a meter");
        return;
      }
      case "driver": {
        const { generation, spec } = output;
        changing = changing.then(() => change(generation, spec));
      }
    }
  }

  async function change(generation: number, spec: MeterSpec | null): Promise<void> {
    const before = driver;
    driver = null;
    await before?.stop();
    if (spec === null || actor?.state.generation !== generation) return;
    try {
      driver = openDriver(spec);
    } catch (error) {
      actor.tell({ kind: "problem", generation, words: messageOf(error) });
      return;
    }
    actor.tell({ kind: "opened", generation, source: driver.source });
    driver.start({
      sample: sample => actor?.tell({ kind: "sample", generation, sample }),
      problem: words => actor?.tell({ kind: "problem", generation, words }),
    });
  }

  return {
    name,
    events: {
      ...subscribe(settingsCurrent, settings => actor?.tell({ kind: "settings", settings })),
      // A car's meter compares its phases with those of the mains.
      ...(config.role === "ev"
        ? subscribe(
            meterReading,
            reading => {
              if (reading.role === "mains") actor?.tell({ kind: "mains", reading });
            },
            "mains",
          )
        : {}),
    },
    actions: answer(meterFeed, feed => {
      const meant = config.role === feed.role && (config.evseId ?? null) === feed.evseId;
      if (!meant) {
        throw new MeterFeedRefused(
          `${name} is the meter of ${inWords(config.role, config.evseId ?? null)}, not of ${inWords(feed.role, feed.evseId)}`,
        );
      }
      return { accepted: driver?.feed(feed) ?? false };
    }),
    started() {
      actor = startActor({ initial: freshMeter(meterId, config), step: keepMeter, perform, clock });
      actor.tell({ kind: "start" });
      cancelTick = clock.every(TICK_MS, () =>
        actor?.tell({ kind: "tick", counters: driver?.counters() ?? NO_COUNTERS }),
      );
    },
    async stopped() {
      cancelTick?.();
      actor?.stop();
      actor = null;
      await changing;
      await driver?.stop();
      driver = null;
    },
  };
}

function inWords(role: MeterRole, evseId: string | null): string {
  return evseId === null ? role : `${role} ${evseId}`;
}
