import type { SettingValue } from "../../shared/contracts/settings.ts";
import { didYouMean } from "../../shared/nearest.ts";
import { catalogue, settingOf } from "../../shared/settings/catalogue/index.ts";
import { ACCESS, FIRST_NODE, MODE } from "../../shared/settings/charge-mode.ts";
import type { SettingDefinition } from "../../shared/settings/definition.ts";
import { type Judged, judgeSetting } from "../../shared/settings/validate.ts";
import { numberOf, type ScopedValues, type SettingsSite, valueIn } from "./values.core.ts";

/** One wish: this value for that setting. */
export interface Change {
  readonly key: string;
  readonly evseId: string | null;
  readonly value: SettingValue;
}

/** Choosing a mode here means "start charging" (spec control 3.2); elsewhere (menu, bus, switch) it leaves access alone. */
const STARTS_CHARGING: readonly string[] = ["rest", "web", "mqtt"];
/** The schedule itself: what it writes has happened, and is not judged as a wish. */
export const SCHEDULE = "schedule";
const DAY_MS = 86_400_000;
/** The menu shows MAINS MET only in Smart and Solar, so it must be able to choose the mode before there is a meter. */
const CHOOSES_MODE_FIRST = "menu";
/** Bits of MODES. */
const NO_SMART = 2;
const NO_SOLAR = 4;
const SENSORBOX = 1;
const CONTACTOR_2 = { notPresent: 0, auto: 4 } as const;
const GRID_RELAY = 5;

/** Judges one change against its row and against what else is in force. */
export function judgeChange(site: SettingsSite, now: ScopedValues, change: Change, by: string): Judged {
  const judged = judgeAlone(site, change);
  if (!judged.ok) return judged;
  const objection = objectionTo(site, now, { ...change, value: judged.value }, by);
  return objection === null ? judged : refuse(objection);
}

/** Judges a value by itself: known, with its owner, within its range. */
export function judgeAlone(site: SettingsSite, { key, evseId, value }: Change): Judged {
  const setting = settingOf(key);
  if (setting === undefined) {
    return refuse(
      `no such setting${didYouMean(
        key,
        catalogue.map(known => known.key),
      )}`,
    );
  }
  const misplaced = wrongOwner(site, setting, evseId);
  return misplaced === null ? judgeSetting(setting, value) : refuse(misplaced);
}

/** What else has to change with an accepted change, so that everything in force fits together. */
export function consequencesOf(site: SettingsSite, now: ScopedValues, change: Change, by: string): readonly Change[] {
  const { key, evseId, value } = change;
  const points = evseId === null ? site.points.map(point => point.id) : [evseId];
  switch (key) {
    case "mode":
      return [
        ...(STARTS_CHARGING.includes(by) ? points.flatMap(id => withoutSchedule(now, id)) : []),
        ...(STARTS_CHARGING.includes(by) ? points.map(id => ({ key: "access", evseId: id, value: ACCESS.on })) : []),
        ...(value === MODE.solar ? points.map(id => ({ key: "override_current", evseId: id, value: 0 })) : []),
      ];
    case "access":
      return STARTS_CHARGING.includes(by) ? points.flatMap(id => withoutSchedule(now, id)) : [];
    case "modes_disabled":
      return points
        .filter(id => isModeDisabled(now, numberOf(now, "mode", id)))
        .map(id => ({ key: "mode", evseId: id, value: MODE.normal }));
    case "starttime":
      if (by === SCHEDULE) return [];
      // A start to come keeps the point off until then (spec control 3.3).
      return points.flatMap(id => [
        ...(value === "" ? [] : [{ key: "access", evseId: id, value: ACCESS.off }]),
        ...scheduleAfter(now, id),
      ]);
    case "current_min":
    case "current_max":
      return points.flatMap(id => overrideWithin(now, id));
    default:
      return [];
  }
}

/** What fits every rule and is still likely a mistake. */
export function warningsOf(site: SettingsSite, now: ScopedValues): readonly string[] {
  const min = numberOf(now, "current_min");
  const tooSmall = site.points
    .filter(({ id }) => numberOf(now, "current_max", id) < min)
    .map(({ id }) => `${id}: MAX ${numberOf(now, "current_max", id)} A is below MIN ${min} A: it cannot charge`);
  const unmetered =
    hasMainsMeter(site, now) || isNode(now)
      ? []
      : site.points
          .filter(({ id }) => numberOf(now, "mode", id) !== MODE.normal)
          .map(({ id }) => `${id}: Smart and Solar need a mains meter, and MAINS MET is Disabled: it cannot charge`);
  return [...tooSmall, ...unmetered];
}

function wrongOwner(site: SettingsSite, setting: SettingDefinition, evseId: string | null): string | null {
  if (setting.scope === "site") {
    return evseId === null ? null : `belongs to the whole site; expected evseId null, got "${evseId}"`;
  }
  if (site.points.some(point => point.id === evseId)) return null;
  const known = site.points.map(point => point.id).join(", ");
  return evseId === null
    ? `belongs to one charge point; expected evseId, one of: ${known}`
    : `no charge point is called "${evseId}"; expected one of: ${known}`;
}

function objectionTo(site: SettingsSite, now: ScopedValues, change: Change, by: string): string | null {
  const { key, evseId, value } = change;
  if (isNode(now) && settingOf(key)?.nodeAllowed === false) return "is set on the master while PWR SHARE is Node";
  switch (key) {
    case "mode":
      return objectionToMode(site, now, value, by);
    case "loadbl":
      return objectionToRole(site, now, value);
    case "enable_C2":
      return value === CONTACTOR_2.auto && isNode(now) ? "Auto is not available while PWR SHARE is Node" : null;
    case "switch":
      return value === GRID_RELAY && isNode(now) ? "Grid Relay is not available while PWR SHARE is Node" : null;
    case "override_current":
      return objectionToOverride(now, evseId, value);
    case "phases":
      return objectionToPhases(numberOf(now, "enable_C2", evseId));
    case "ev_meter_address":
      return value === 10 && numberOf(now, "mains_meter") === SENSORBOX
        ? "expected 11..247 while MAINS MET is Sensorbox, which has address 10, got 10"
        : null;
    case "stoptime":
      return by === SCHEDULE ? null : objectionToStop(value, valueIn(now, "starttime", evseId));
    case "repeat":
      return value === 1 && valueIn(now, "stoptime", evseId) === "" ? "needs a starttime and a stoptime first" : null;
    default:
      return null;
  }
}

function objectionToMode(site: SettingsSite, now: ScopedValues, mode: SettingValue, by: string): string | null {
  if (mode === MODE.normal) return null;
  const name = mode === MODE.smart ? "Smart" : "Solar";
  if (isModeDisabled(now, mode)) return `${name} is switched off by modes_disabled`;
  if (isNode(now) || hasMainsMeter(site, now) || by === CHOOSES_MODE_FIRST) return null;
  return `${name} needs a mains meter, and mains_meter is 0 (Disabled); set that first`;
}

function objectionToRole(site: SettingsSite, now: ScopedValues, role: SettingValue): string | null {
  if (typeof role !== "number" || role < FIRST_NODE) return null;
  for (const { id } of site.points) {
    if (numberOf(now, "enable_C2", id) === CONTACTOR_2.auto) return `a node cannot have enable_C2 Auto; ${id} has`;
    if (numberOf(now, "switch", id) === GRID_RELAY) return `a node cannot have switch Grid Relay; ${id} has`;
  }
  return null;
}

function objectionToOverride(now: ScopedValues, evseId: string | null, value: SettingValue): string | null {
  if (numberOf(now, "mode", evseId) === MODE.solar) return "works in Normal and Smart only, and the mode is Solar";
  const { min, max } = overrideRange(now, evseId);
  if (value === 0 || (typeof value === "number" && value >= min && value <= max)) return null;
  return `expected 0 (off) or ${min}..${max}, which is MIN..MAX in 0.1 A, got ${JSON.stringify(value)}`;
}

function objectionToStop(stop: SettingValue, start: SettingValue | undefined): string | null {
  if (stop === "") return null;
  if (typeof start !== "string" || start === "") return "needs a starttime first";
  const later = typeof stop === "string" ? Date.parse(`${stop}Z`) - Date.parse(`${start}Z`) : 0;
  if (later > 0 && later <= DAY_MS) return null;
  return `expected a time later than starttime ${start}, by 24 hours at most, got ${JSON.stringify(stop)}`;
}

/** Only Auto leaves a choice; the other settings of CONTACT 2 have made it (spec control 5.7 R). */
function objectionToPhases(contactor2: number): string | null {
  if (contactor2 === CONTACTOR_2.notPresent) return "C2 contactor not present";
  return contactor2 === CONTACTOR_2.auto ? null : "works with CONTACT 2 (enable_C2) 4 Auto only";
}

/** A stop belongs to a start before it, and a repetition to a stop (spec control 3.3). */
function scheduleAfter(now: ScopedValues, evseId: string): readonly Change[] {
  const stop = valueIn(now, "stoptime", evseId) ?? "";
  if (objectionToStop(stop, valueIn(now, "starttime", evseId)) === null) return [];
  return [
    { key: "stoptime", evseId, value: "" },
    { key: "repeat", evseId, value: 0 },
  ];
}

/** Who chooses by hand how to charge, or not to, cancels what was planned; only what is set is cleared. */
function withoutSchedule(now: ScopedValues, evseId: string): readonly Change[] {
  const cleared: readonly Change[] = [
    { key: "starttime", evseId, value: "" },
    { key: "stoptime", evseId, value: "" },
    { key: "repeat", evseId, value: 0 },
  ];
  return cleared.filter(({ key, value }) => valueIn(now, key, evseId) !== value);
}

/** A tightened range takes the override with it: removing it instead would lift the current. */
function overrideWithin(now: ScopedValues, evseId: string): readonly Change[] {
  const override = numberOf(now, "override_current", evseId);
  const { min, max } = overrideRange(now, evseId);
  const fitting = Math.min(Math.max(override, min), max);
  return override === 0 || fitting === override ? [] : [{ key: "override_current", evseId, value: fitting }];
}

function overrideRange(now: ScopedValues, evseId: string | null): { readonly min: number; readonly max: number } {
  return { min: numberOf(now, "current_min") * 10, max: numberOf(now, "current_max", evseId) * 10 };
}

function isNode(now: ScopedValues): boolean {
  return numberOf(now, "loadbl") >= FIRST_NODE;
}

function hasMainsMeter(site: SettingsSite, now: ScopedValues): boolean {
  return site.mainsMeterPresent || numberOf(now, "mains_meter") !== 0;
}

function isModeDisabled(now: ScopedValues, mode: SettingValue): boolean {
  const mask = numberOf(now, "modes_disabled");
  return (mode === MODE.smart && (mask & NO_SMART) !== 0) || (mode === MODE.solar && (mask & NO_SOLAR) !== 0);
}

function refuse(error: string): Judged {
  return { ok: false, error };
}
