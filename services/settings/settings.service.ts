import type { ServiceBroker, ServiceSchema } from "moleculer";
import { answer, publish } from "../../shared/bus/bus.ts";
import type { ParamsOf } from "../../shared/contracts/define.ts";
import {
  type SettingsUpdateResult,
  settingsCommanded,
  settingsCurrent,
  settingsUpdate,
} from "../../shared/contracts/settings.ts";
import { messageOf, StoreUnavailable } from "../../shared/errors.ts";
import { oneAtATime } from "../../shared/in-turn.ts";
import { siteFileError } from "../../shared/site/explain.ts";
import type { Site } from "../../shared/site/site-file.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { SCHEDULE } from "./rules.core.ts";
import { dueChanges } from "./schedule.core.ts";
import {
  beginWith,
  currentOf,
  problemsWithInitial,
  reconcile,
  type SettingsOutput,
  type SettingsState,
  updateSettings,
} from "./settings.core.ts";
import type { SettingsStore } from "./settings.port.ts";
import { inForce, type SettingsSite } from "./values.core.ts";

/** How often a store that failed is asked again. */
const RETRY_MS = 1_000;
const SCHEDULE_EVERY_MS = 1_000;

export interface SettingsServiceOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly site: Pick<Site, "file" | "chargePoints" | "settings">;
  readonly store: SettingsStore;
  /** A meter of the role mains stands in the site file with a driver of its own, whatever MAINS MET says. */
  readonly mainsMeterPresent: boolean;
  /** Zone of the wall clock by which starts and stops are meant; that of the process when left out. */
  readonly timeZone?: string;
}

/**
 * Owns the settings of the site. Publishes nothing before the store was read: without settings no point charges, and
 * defaults could be higher than what the installer had set. Throws `SiteFileError` for settings the catalogue refuses.
 */
export function settingsService(options: SettingsServiceOptions): ServiceSchema {
  const { broker, clock, store } = options;
  const site = checkedSite(options);
  const log = broker.getLogger("settings");
  /** Null until the store was read. */
  let state: SettingsState | null = null;
  /** The store may hold something else than we think: ask before the next write. */
  let unsettled = true;
  let storeAway = false;
  let retrying = false;
  let scheduling = false;
  const zone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  let cancels: Cancel[] = [];

  /** What is judged next must see what was stored last. */
  const queue = oneAtATime();

  function publishCurrent(): void {
    if (state !== null) publish(broker, settingsCurrent, currentOf(state));
  }

  async function carryOut(outputs: readonly SettingsOutput[]): Promise<void> {
    for (const output of outputs) if (output.kind === "store") await store.put(output.batch);
    for (const output of outputs) {
      if (output.kind === "warning") log.warn({ problem: output.text }, "settings need a look");
      if (output.kind === "changed") for (const row of output.rows) log.info(row, "setting changed");
    }
  }

  /** Reads the store where that is due, so that ours and its values are the same. */
  async function settle(): Promise<SettingsState> {
    if (state !== null && !unsettled) return state;
    const stored = await store.load();
    const step = state === null ? beginWith(site, stored) : reconcile(state, stored);
    await carryOut(step.outputs);
    const isNew = step.state !== state;
    state = step.state;
    unsettled = false;
    if (isNew) publishCurrent();
    return state;
  }

  async function update(params: ParamsOf<typeof settingsUpdate>): Promise<SettingsUpdateResult> {
    const before = await settle();
    const step = updateSettings(before, { ...params, at: new Date(clock.civilMs()).toISOString() });
    // Durable first, in force and acknowledged after.
    await carryOut(step.outputs);
    state = step.state;
    if (state !== before) publishCurrent();
    for (const output of step.outputs)
      if (output.kind === "commanded") publish(broker, settingsCommanded, output.commanded);
    return {
      revision: state.revision,
      outcomes: step.outputs.flatMap(output => (output.kind === "outcomes" ? output.outcomes : [])),
    };
  }

  /** Runs what needs the store; when that fails, the values in force stay and the store is asked again. */
  async function withStore<T>(run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      if (storeAway) log.info({}, "settings store is back");
      storeAway = false;
      return result;
    } catch (error) {
      unsettled = true;
      if (!storeAway) log.warn({ error: messageOf(error) }, "settings store failed; values in force stay");
      storeAway = true;
      throw error;
    }
  }

  function retry(): void {
    if (!unsettled || retrying) return;
    retrying = true;
    queue
      .run(() => withStore(settle))
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable))
          log.error({ error: messageOf(error) }, "settings store cannot be read");
      })
      .finally(() => {
        retrying = false;
      });
  }

  function changesDue(): ReturnType<typeof dueChanges> {
    if (state === null) return [];
    const ids = site.points.map(point => point.id);
    return dueChanges(inForce(site, state.set), ids, clock.civilMs(), zone);
  }

  /** Starts and stops that are due become changes like any other: stored first, in force after. */
  function followSchedule(): void {
    if (scheduling || changesDue().length === 0) return;
    scheduling = true;
    queue
      .run(() =>
        withStore(async () => {
          await settle();
          // What waited its turn may have changed the plan.
          const changes = changesDue();
          if (changes.length > 0) await update({ by: SCHEDULE, changes });
        }),
      )
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable))
          log.error({ error: messageOf(error) }, "a planned start or stop failed");
      })
      .finally(() => {
        scheduling = false;
      });
  }

  return {
    name: "settings",
    // A service that has just come up, or a node that has just joined, need not wait for the next repetition.
    events: { "$broker.started": publishCurrent, "$node.connected": publishCurrent },
    actions: answer(settingsUpdate, params => queue.run(() => withStore(() => update(params)))),
    async started() {
      try {
        await queue.run(() => withStore(settle));
      } catch (error) {
        // Away is not broken: it may come back. Anything else has to be put right by a person first.
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      cancels = [
        clock.every(settingsCurrent.everyMs ?? RETRY_MS, publishCurrent),
        clock.every(RETRY_MS, retry),
        clock.every(SCHEDULE_EVERY_MS, followSchedule),
      ];
    },
    async stopped() {
      for (const cancel of cancels) cancel();
      await queue.idle();
      await store.close();
    },
  };
}

function checkedSite({ site, mainsMeterPresent }: SettingsServiceOptions): SettingsSite {
  const checked: SettingsSite = {
    points: site.chargePoints.map(({ id, serial }) => ({ id, serial })),
    mainsMeterPresent,
    initial: site.settings,
  };
  const problems = problemsWithInitial(checked);
  if (problems.length > 0) throw siteFileError(site.file, problems);
  return checked;
}
