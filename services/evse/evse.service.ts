import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type Actor, startActor } from "../../shared/actor/actor.ts";
import { Journal, type JournalLimits } from "../../shared/actor/journal.ts";
import { packJournal } from "../../shared/actor/journal-text.ts";
import { answer, publish, request, subscribe } from "../../shared/bus/bus.ts";
import { balancerAllocation } from "../../shared/contracts/balancer.ts";
import { evseAcknowledge, evseSessionEnded, evseStatus, evseSwitch } from "../../shared/contracts/evse.ts";
import { historyKeep } from "../../shared/contracts/history.ts";
import { evseExplain, evseJournal } from "../../shared/contracts/insight.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { evseGrant, pilotSensed } from "../../shared/contracts/pilot.ts";
import { rfidRead, rfidStatus } from "../../shared/contracts/rfid.ts";
import { settingsCurrent, settingsUpdate } from "../../shared/contracts/settings.ts";
import { messageOf } from "../../shared/errors.ts";
import type { ChargePoint } from "../../shared/site/site-file.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import type { PointSettings } from "./evse.config.ts";
import { charge, type EvseInput, type EvseOutput } from "./evse.core.ts";
import type { SessionKeeper } from "./evse.port.ts";
import { pointSettingsOf, settingValueOf } from "./evse.settings.ts";
import { explainPoint } from "./explain.core.ts";
import { SessionDesk } from "./session-desk.ts";
import { sessionToKeep } from "./session-watch.core.ts";
import { type EvseCoreState, idleEvse, type Wish } from "./state.core.ts";

/** The control loop's rhythm: fine enough for the 500 ms debounces, coarse enough to cost nothing. */
const TICK_MS = 100;

export interface EvseOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly point: ChargePoint;
  /** Settings to charge with until the site's are heard; null = wait for them. */
  readonly provisional: PointSettings | null;
  /** Where its sessions outlive a power cut. */
  readonly keeper: SessionKeeper;
  /** How much of what it decided is kept for replay. */
  readonly journalLimits?: JournalLimits;
}

/** One charge point on the bus: facts in, `charge`, grants and status out. */
export function evseService(options: EvseOptions): ServiceSchema {
  const { broker, clock, point } = options;
  const evseId = point.id;
  const log = broker.getLogger(`evse-${evseId}`);
  const journal = new Journal(options.journalLimits);
  const desk = new SessionDesk({
    keeper: options.keeper,
    clock,
    log,
    deliver: async session => {
      await request(broker, historyKeep, "history", { evseId, session });
    },
  });
  let actor: Actor<EvseCoreState, EvseInput> | null = null;
  let cancelTick: Cancel | null = null;
  let told = "";

  function perform(output: EvseOutput): void {
    switch (output.kind) {
      case "grant":
        publish(broker, evseGrant, output.grant);
        return;
      case "status": {
        const { state, boundBy, reason, faults } = output.status;
        const now = `${state} ${boundBy} ${faults.join()}`;
        if (now !== told) log.info({ evseId, state, boundBy, reason, faults }, "charge point changed");
        told = now;
        publish(broker, evseStatus, output.status);
        return;
      }
      case "session-ended":
        log.info({ evseId, session: output.session }, "charging session ended");
        publish(broker, evseSessionEnded, { evseId, session: output.session });
        desk.end(output.session);
        return;
      case "switch":
        log.info(output.event, output.event.closed ? "switch pressed" : "switch released");
        publish(broker, evseSwitch, output.event);
        return;
      case "change-setting":
        void changeSetting(output.key, output.value);
        return;
      case "keep-session":
        desk.keep(output.snapshot);
        return;
    }
  }

  async function changeSetting(key: Wish["key"], value: Wish["value"]): Promise<void> {
    try {
      const changes = [{ key, evseId, value: settingValueOf(value) }];
      const { outcomes } = await request(broker, settingsUpdate, "settings", { by: "switch", changes });
      const refused = outcomes.find(outcome => !outcome.ok);
      if (refused !== undefined) log.warn({ evseId, key, value, error: refused.error }, "switch: setting refused");
    } catch (error) {
      // The core asks again until the settings say so.
      log.warn({ evseId, key, value, error: messageOf(error) }, "switch: the settings cannot be reached");
    }
  }

  return {
    name: `evse-${evseId}`,
    started() {
      const started = startActor<EvseCoreState, EvseInput, EvseOutput>({
        initial: idleEvse(
          { evseId, phases: point.phases, safeCurrentA: point.safeCurrentA, provisional: options.provisional },
          clock.now(),
          desk.start(),
        ),
        step: journal.watch(charge),
        perform,
        clock,
      });
      actor = started;
      const tick = (): void => started.tell({ kind: "tick", civilMs: clock.civilMs() });
      tick();
      cancelTick = clock.every(TICK_MS, tick);
    },
    async stopped() {
      cancelTick?.();
      actor?.stop();
      // The last word of an orderly stop: nothing is offered, contactors open.
      publish(broker, evseGrant, {
        evseId,
        sequence: (actor?.state.granted?.value.sequence ?? 0) + 1,
        pilot: "idle",
        offerA: 0,
        contactorL1: false,
        contactorL23: false,
        acknowledge: false,
        acknowledgeRcm: false,
        lock: null,
        rcmTest: null,
        led: { rgb: [0, 0, 0], pattern: "steady" },
        lifetimeMs: 1_000,
      });
      if (actor !== null) desk.keep(sessionToKeep(actor.state, clock.now()));
      await desk.stop();
    },
    events: {
      ...subscribe(
        pilotSensed,
        sensed => {
          if (sensed.evseId === evseId) actor?.tell({ kind: "sensed", sensed });
        },
        evseId,
      ),
      ...subscribe(
        balancerAllocation,
        allocation => {
          if (allocation.evseId === evseId) actor?.tell({ kind: "allocation", allocation });
        },
        evseId,
      ),
      ...subscribe(
        meterReading,
        reading => {
          if (reading.role === "ev" && reading.evseId === evseId) actor?.tell({ kind: "reading", reading });
        },
        evseId,
      ),
      ...subscribe(
        rfidStatus,
        status => {
          if (status.evseId === evseId) actor?.tell({ kind: "reader", status });
        },
        evseId,
      ),
      ...subscribe(rfidRead, ({ evseId: at, outcome }) => {
        if (at === evseId) actor?.tell({ kind: "card", outcome });
      }),
      ...subscribe(settingsCurrent, current => {
        actor?.tell({ kind: "settings", settings: pointSettingsOf(current, evseId) });
      }),
    },
    actions: {
      ...answer(evseAcknowledge, () => {
        actor?.tell({ kind: "acknowledge" });
        return { accepted: actor !== null };
      }),
      ...answer(evseExplain, () => {
        if (actor === null) throw new Error("asked before it started");
        return explainPoint(actor.state, clock.now());
      }),
      ...answer(evseJournal, async () => ({
        packed: await packJournal({ core: "evse", name: `evse-${evseId}` }, journal),
      })),
    },
  };
}
