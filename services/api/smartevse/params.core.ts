import type { SettingValue } from "../../../shared/contracts/settings.ts";
import { settingOf } from "../../../shared/settings/catalogue/index.ts";
import { changeForRestMode, MODE } from "../../../shared/settings/charge-mode.ts";
import { numberIn, settingIn } from "../../../shared/settings/read.ts";
import { mqttWishes, ocppWishes, silentMqttWishes } from "./links.core.ts";
import { intParam, type Json, leadingInt, localEpochS, type Params } from "./parse.core.ts";
import {
  answerOnly,
  change,
  isNode,
  keyed,
  NOT_ALLOWED,
  type SettingsContext,
  type Wish,
  wishFor,
} from "./plan.core.ts";

/** POST /settings: what its parameters ask for (spec interfaces 1.4), in the order in which the firmware handles them. */
export function settingsWishes(params: Params, context: SettingsContext): readonly Wish[] {
  // Its presence makes the request MQTT-only, whatever its value.
  if (params.has("mqtt_update")) return [...mqttWishes(params, context), ...silentMqttWishes(params, context)];
  return [
    ...simpleWishes(params, context),
    ...capacityWishes(params, context),
    ...switchWishes(params, context),
    ...modeWishes(params, context),
    ...scheduleWishes(params, context),
    ...contactorWishes(params, context),
    ...overrideWishes(params, context),
    ...textWishes(params, context),
    ...silentMqttWishes(params, context),
    ...ocppWishes(params, context),
  ];
}

/** A parameter that is a number and sets the setting of that key. */
interface SimpleParam {
  readonly param: string;
  readonly key: string;
  readonly replyKey: string;
  /** What the reply says; null = no key. */
  readonly accepted: (value: number) => Json;
  readonly refused: Json;
}

function simple(param: string, options: Partial<SimpleParam> = {}): SimpleParam {
  return { param, key: param, replyKey: param, accepted: value => value, refused: NOT_ALLOWED, ...options };
}

const SIMPLE: readonly SimpleParam[] = [
  simple("current_min"),
  simple("current_max_sum_mains"),
  simple("max_sum_mains_timer", { key: "max_sum_mains_time", replyKey: "max_sum_mains_time" }),
  simple("max_circuit_mains"),
  simple("capacity_limit", { refused: `${NOT_ALLOWED} (0-25000)` }),
  simple("solar_start_current"),
  simple("solar_max_import"),
  simple("stop_timer", { key: "solar_stop_time", accepted: () => true, refused: false }),
  simple("prio_strategy"),
  simple("rotation_interval"),
  simple("idle_timeout"),
  simple("modes_disabled"),
  simple("lcdlock", { refused: null }),
  simple("cablelock", { refused: null }),
  simple("linky_hp_bypass", { refused: null }),
  simple("linky_failsafe", { refused: null }),
];

function simpleWishes(params: Params, { evseId }: SettingsContext): readonly Wish[] {
  return SIMPLE.flatMap(({ param, key, replyKey, accepted, refused }) => {
    const value = intParam(params, param);
    return value === null ? [] : [wishFor(change(key, evseId, value), replyKey, accepted(value), refused)];
  });
}

/** Mode 0 of capacity also removes its limit; out of range and unreadable intervals are passed over without a word. */
function capacityWishes(params: Params, { evseId }: SettingsContext): readonly Wish[] {
  const wishes: Wish[] = [];
  const mode = intParam(params, "capacity_mode");
  if (mode !== null) {
    wishes.push(wishFor(change("capacity_mode", evseId, mode), "capacity_mode", mode, null));
    if (mode === 0) {
      wishes.push({ changes: [change("current_max_sum_mains", evseId, 0)], reply: () => ({}) });
    }
  }
  const intervals = params.get("intervals");
  const parsed = intervals === undefined ? null : parseJsonArray(intervals);
  if (parsed !== null) wishes.push({ changes: [change("intervals", evseId, parsed)], reply: () => ({}) });
  return wishes;
}

function parseJsonArray(text: string): SettingValue | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The firmware passes unreadable lists over, and so do its clients.
    return null;
  }
  const readable =
    Array.isArray(parsed) &&
    parsed.every(
      (rule: { start?: unknown; power?: unknown } | null) =>
        typeof rule?.start === "number" && typeof rule.power === "number",
    );
  return readable ? (parsed as { start: number; power: number }[]).map(({ start, power }) => ({ start, power })) : null;
}

/** Momentary switches: what was sent is echoed, what is kept is on or off. */
function switchWishes(params: Params, { evseId }: SettingsContext): readonly Wish[] {
  const wishes: Wish[] = [];
  const backlight = intParam(params, "backlight");
  if (backlight !== null) {
    const on = backlight > 0 ? 1 : 0;
    wishes.push(wishFor(change("backlight", evseId, on), "Backlight", backlight, NOT_ALLOWED));
  }
  const button = intParam(params, "custombutton");
  if (button !== null) {
    const on = button > 0;
    wishes.push(wishFor(change("custombutton", evseId, on ? 1 : 0), "custombutton", on, NOT_ALLOWED));
  }
  const pwm = intParam(params, "override_pwm");
  if (pwm !== null) {
    // Anything negative releases the pilot; the firmware answers 100 then. Why a duty is refused should be read by a person.
    wishes.push({
      changes: [change("override_pwm", evseId, Math.max(-1, pwm))],
      reply: ([outcome]) => ({ override_pwm: outcome?.ok === true ? 100 : (outcome?.error ?? NOT_ALLOWED) }),
    });
  }
  return wishes;
}

/** `mode` is echoed as text, even where it is refused for want of a meter; only an unknown number is an error. */
function modeWishes(params: Params, context: SettingsContext): readonly Wish[] {
  const mode = intParam(params, "mode");
  if (mode === null) return [];
  const wanted = changeForRestMode(mode, context.evseId);
  if (wanted === null) return [answerOnly({ mode: NOT_ALLOWED })];
  const echo: Wish = { changes: [wanted], reply: () => ({ mode: String(mode) }) };
  // A pressed mode cancels the schedule, unless the same request brings one (spec interfaces 1.4, canonical row 6).
  return params.has("starttime") ? [echo] : [...clearSchedule(context), echo];
}

/** A start in the future is kept; one in the past or unreadable clears start, stop and repeat (spec interfaces 1.4). */
function scheduleWishes(params: Params, context: SettingsContext): readonly Wish[] {
  const start = params.get("starttime");
  if (start === undefined) return [];
  const nowS = Math.floor(context.civilMs / 1000);
  const startS = localEpochS(start);
  if (startS <= nowS) return [...clearSchedule(context), answerOnly({ starttime: 0, ...stopCleared(params) })];
  const set = (key: string, value: SettingValue) => change(key, context.evseId, value);
  const wishes = [wishFor(set("starttime", start.trim()), "starttime", startS, 0)];
  const stop = params.get("stoptime");
  if (stop === undefined) return wishes;
  const stopS = localEpochS(stop);
  if (stopS <= startS) {
    const cleared = { changes: [set("stoptime", ""), set("repeat", 0)], reply: () => stopCleared(params) };
    return [...wishes, cleared];
  }
  wishes.push(wishFor(set("stoptime", stop.trim()), "stoptime", stopS, 0));
  const repeat = intParam(params, "repeat");
  if (repeat !== null) wishes.push(wishFor(set("repeat", repeat), "repeat", repeat, null));
  return wishes;
}

function stopCleared(params: Params): Readonly<Record<string, Json>> {
  return params.has("stoptime") ? { stoptime: 0 } : {};
}

/** Only what is set is cleared: some clients "clear" with every request. */
function clearSchedule({ evseId, settings }: SettingsContext): readonly Wish[] {
  const cleared = [change("repeat", evseId, 0), change("stoptime", evseId, ""), change("starttime", evseId, "")];
  const changes = cleared.filter(({ key, value }) => settingIn(settings, key, evseId) !== value);
  return [{ changes, reply: () => ({}) }];
}

/** The second contactor: its reply is nested as in GET /settings, errors too. */
function contactorWishes(params: Params, context: SettingsContext): readonly Wish[] {
  const { evseId, settings } = context;
  const wishes: Wish[] = [];
  const c2 = intParam(params, "enable_C2");
  if (c2 !== null) {
    const label = settingOf("enable_C2")?.options?.find(option => option.value === c2)?.label ?? NOT_ALLOWED;
    const reply = (text: string): Json => ({ enable_C2: text });
    wishes.push(wishFor(change("enable_C2", evseId, c2), "settings", reply(label), reply(NOT_ALLOWED)));
  }
  const phases = intParam(params, "phases");
  if (phases === null) return wishes;
  const contactor = c2 ?? numberIn(settings, "enable_C2", evseId);
  if (phases !== 1 && phases !== 3) wishes.push(answerOnly({ phases: NOT_ALLOWED }));
  else if (contactor === 0) wishes.push(answerOnly({ phases: "C2 contactor not present" }));
  else wishes.push(phasesWish(phases, context));
  return wishes;
}

function phasesWish(phases: number, { evseId, activePhases }: SettingsContext): Wish {
  return {
    changes: [change("phases", evseId, phases)],
    reply: outcomes =>
      outcomes[0]?.ok === true
        ? { phases, switching: activePhases !== 0 && activePhases !== phases, previous_phases: activePhases }
        : { phases: NOT_ALLOWED },
  };
}

/** Read in Normal and Smart only: in Solar there is no key at all. On a node only 0 is taken, and it is 0 already. */
function overrideWishes(params: Params, context: SettingsContext): readonly Wish[] {
  const { evseId, settings } = context;
  const wishes: Wish[] = [];
  const override = intParam(params, "override_current");
  if (override !== null && modeAfter(params, context) !== MODE.solar) {
    if (isNode(settings)) wishes.push(answerOnly({ override_current: override === 0 ? 0 : NOT_ALLOWED }));
    else wishes.push(wishFor(change("override_current", evseId, override), "override_current", override, NOT_ALLOWED));
  }
  if (params.has("disable_override_current")) {
    const reply = keyed("disable_override_current", "OK");
    wishes.push({ changes: [change("override_current", evseId, 0)], reply: () => reply });
  }
  return wishes;
}

/** The mode that holds once the same request's `mode` is carried out; OFF and PAUSE leave it as it is. */
function modeAfter(params: Params, { evseId, settings }: SettingsContext): number {
  const asked = params.get("mode");
  const wanted = asked === undefined ? null : changeForRestMode(leadingInt(asked), evseId);
  return wanted?.key === "mode" ? wanted.value : numberIn(settings, "mode", evseId);
}

function textWishes(params: Params, { evseId }: SettingsContext): readonly Wish[] {
  const evccid = params.get("required_evccid");
  if (evccid === undefined) return [];
  const tooLong = "EVCCID too long (max 32 char)";
  return [wishFor(change("required_evccid", evseId, evccid), "required_evccid", evccid, tooLong)];
}
