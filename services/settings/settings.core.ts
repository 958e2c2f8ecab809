import type { Step } from "../../shared/actor/actor.ts";
import type { SettingsCommanded, SettingsCurrent, SettingsUpdateResult } from "../../shared/contracts/settings.ts";
import { settingOf } from "../../shared/settings/catalogue/index.ts";
import { isStored } from "../../shared/settings/read.ts";
import { type Change, consequencesOf, judgeAlone, judgeChange, warningsOf } from "./rules.core.ts";
import type { AuditRow, StoreBatch, StoredSettings, StoredValue } from "./settings.port.ts";
import {
  factOf,
  inForce,
  isSecret,
  NO_VALUES,
  type ScopedValues,
  type SettingsSite,
  valueIn,
  withValue,
} from "./values.core.ts";

export interface SettingsState {
  readonly site: SettingsSite;
  /** Counts changes; what a restart forgets counts too, so it may run ahead of the store. */
  readonly revision: number;
  /** The revision the store holds. */
  readonly storedRevision: number;
  /** What somebody has set. */
  readonly set: ScopedValues;
}

export interface Update {
  readonly by: string;
  readonly changes: readonly Change[];
  /** Civil time, ISO 8601, for the audit trail. */
  readonly at: string;
}

export type SettingsOutput =
  /** To be durable before the new state comes into force. */
  | { readonly kind: "store"; readonly batch: StoreBatch }
  | { readonly kind: "outcomes"; readonly outcomes: SettingsUpdateResult["outcomes"] }
  /** What really changed; of secrets only that they did. */
  | { readonly kind: "changed"; readonly rows: readonly AuditRow[] }
  /** A command or a fed value, be it the same as before. */
  | { readonly kind: "commanded"; readonly commanded: SettingsCommanded }
  | { readonly kind: "warning"; readonly text: string };

/** Given again they mean something, though their value is the old one. */
const COMMANDS: readonly string[] = ["battery_current", "phases"];

/** Instead of a secret, in the audit trail and in logs. */
const HIDDEN = "(hidden)";

/** Begins with what was stored. Values the catalogue no longer takes are left out, and said. */
export function beginWith(site: SettingsSite, stored: StoredSettings): Step<SettingsState, SettingsOutput> {
  let set = NO_VALUES;
  const outputs: SettingsOutput[] = [];
  for (const value of stored.values) {
    const judged = judgeAlone(site, value);
    if (judged.ok) set = withValue(set, { ...value, value: judged.value });
    else outputs.push({ kind: "warning", text: `stored ${value.key} is left out: ${judged.error}` });
  }
  return { state: { site, revision: stored.revision, storedRevision: stored.revision, set }, outputs };
}

/** Judges each change on its own, in the order given; a refused one changes nothing. */
export function updateSettings(state: SettingsState, update: Update): Step<SettingsState, SettingsOutput> {
  let { set } = state;
  let values = inForce(state.site, set);
  const before = warningsOf(state.site, values);
  const outcomes: SettingsUpdateResult["outcomes"][number][] = [];
  const accepted: Change[] = [];
  for (const change of update.changes) {
    const { key, evseId } = change;
    const judged = judgeChange(state.site, values, change, update.by);
    if (!judged.ok) {
      outcomes.push({ key, evseId, ok: false, value: null, error: `${key}: ${judged.error}` });
      continue;
    }
    const wanted = { key, evseId, value: judged.value };
    outcomes.push({ key, evseId, ok: true, value: isSecret(key) ? null : judged.value, error: null });
    set = withValue(set, wanted);
    accepted.push(wanted);
    for (const consequence of consequencesOf(state.site, inForce(state.site, set), wanted, update.by)) {
      set = withValue(set, consequence);
      accepted.push(consequence);
    }
    values = inForce(state.site, set);
  }
  const commands = accepted.filter(({ key }) => COMMANDS.includes(key));
  const outputs: SettingsOutput[] = [
    { kind: "outcomes", outcomes },
    ...commands.map(command => ({ kind: "commanded" as const, commanded: { ...command, by: update.by } })),
  ];
  const changed = netChanges(state.set, set, accepted);
  if (changed.length === 0) return { state, outputs };

  const rows = changed.map(change => auditRow(state, update, change));
  const kept = changed.filter(change => isKept(change.key));
  const revision = state.revision + 1;
  if (kept.length > 0) {
    const audit = rows.filter(row => isKept(row.key));
    outputs.push({ kind: "store", batch: { baseRevision: state.storedRevision, revision, values: kept, audit } });
  }
  outputs.push({ kind: "changed", rows });
  for (const text of warningsOf(state.site, values))
    if (!before.includes(text)) outputs.push({ kind: "warning", text });
  return {
    state: { ...state, set, revision, storedRevision: kept.length > 0 ? revision : state.storedRevision },
    outputs,
  };
}

/**
 * After a write of which nobody knows whether it came through: a store that is ahead is believed, one that is behind
 * (restored, flushed) gets everything again. Falling back to its older limits could let more current flow.
 */
export function reconcile(state: SettingsState, stored: StoredSettings): Step<SettingsState, SettingsOutput> {
  if (stored.revision > state.storedRevision) {
    const { state: begun, outputs } = beginWith(state.site, stored);
    const revision = Math.max(state.revision + 1, stored.revision);
    // What is never stored stays as it is.
    const set = memoryOf(state.set).reduce(withValue, begun.set);
    return { state: { ...begun, set, revision }, outputs };
  }
  if (stored.revision === state.storedRevision) return { state, outputs: [] };
  const values = listOf(state.set).filter(value => isKept(value.key));
  const revision = state.revision + 1;
  return {
    state: { ...state, revision, storedRevision: revision },
    outputs: [
      { kind: "store", batch: { baseRevision: stored.revision, revision, values, audit: [] } },
      { kind: "warning", text: `the store fell back to revision ${stored.revision}; it gets everything again` },
    ],
  };
}

/** The fact of everything in force. */
export function currentOf(state: SettingsState): SettingsCurrent {
  return factOf(state.revision, inForce(state.site, state.set));
}

/** What is wrong with the settings of a site file, each problem with the path of its key. Empty = nothing. */
export function problemsWithInitial(site: SettingsSite): readonly string[] {
  return listOf(site.initial).flatMap(value => {
    const judged = judgeAlone(site, value);
    const path = value.evseId === null ? `settings.site.${value.key}` : `settings.points.${value.evseId}.${value.key}`;
    return judged.ok ? [] : [`${path}: ${judged.error}`];
  });
}

/** The last accepted value of each setting, where it differs from what was set before. */
function netChanges(before: ScopedValues, after: ScopedValues, accepted: readonly Change[]): readonly Change[] {
  const touched = new Map(accepted.map(change => [`${change.evseId ?? ""}/${change.key}`, change]));
  return [...touched.values()].flatMap(({ key, evseId }) => {
    const value = valueIn(after, key, evseId);
    const same = JSON.stringify(value) === JSON.stringify(valueIn(before, key, evseId));
    return value === undefined || same ? [] : [{ key, evseId, value }];
  });
}

function auditRow(state: SettingsState, update: Update, { key, evseId, value }: Change): AuditRow {
  const from = valueIn(inForce(state.site, state.set), key, evseId) ?? null;
  const hidden = isSecret(key);
  return { at: update.at, by: update.by, key, evseId, from: hidden ? HIDDEN : from, to: hidden ? HIDDEN : value };
}

function isKept(key: string): boolean {
  const setting = settingOf(key);
  return setting !== undefined && setting.persisted && isStored(setting);
}

function memoryOf(values: ScopedValues): readonly StoredValue[] {
  return listOf(values).filter(value => !isKept(value.key));
}

function listOf(values: ScopedValues): readonly StoredValue[] {
  const list = (evseId: string | null, own: ScopedValues["site"]) =>
    Object.entries(own).map(([key, value]) => ({ key, evseId, value }));
  return [...list(null, values.site), ...Object.entries(values.points).flatMap(([id, own]) => list(id, own))];
}
