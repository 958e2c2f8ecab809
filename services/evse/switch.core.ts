import type { AccessStatus, ChargeMode } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { PointSettings, SwitchFunction } from "./evse.config.ts";
import { boardIsUp } from "./faults.core.ts";
import type { EvseCoreState, Wish } from "./state.core.ts";
import type { SwitchEvent, SwitchState } from "./switch-state.core.ts";
import { SWITCH_AWAY_MS, SWITCH_DEBOUNCE_MS, SWITCH_HOLD_MS } from "./timing.core.ts";

/** Functions that mean a position, so that it is read at boot and after SWITCH was changed; the others mean a press. */
const TOGGLES: ReadonlySet<SwitchFunction> = new Set(["access-switch", "mode-switch", "grid-relay", "custom-switch"]);

/** The switch's position becomes what its function says. */
export function followSwitch(
  before: EvseCoreState,
  now: Instant,
): { readonly state: EvseCoreState; readonly events: readonly SwitchEvent[] } {
  const { settings } = before;
  const state = { ...before, switchInput: look(before, now) };
  if (settings === null) return { state, events: [] };
  const { switchInput } = state;
  const was = before.switchInput.closed;
  const { closed, role } = switchInput;
  if (closed === null) return { state, events: [] };
  const toggles = TOGGLES.has(settings.switchFunction);
  if (was === null || role !== settings.switchFunction) {
    const found = { ...state, switchInput: { ...switchInput, role: settings.switchFunction, pressedAt: null } };
    return { state: toggles ? moved(found, settings, closed, null, now) : found, events: [] };
  }
  if (closed !== was) {
    const pressedAt = switchInput.rawSince;
    const heldMs = closed || before.switchInput.pressedAt === null ? null : pressedAt - before.switchInput.pressedAt;
    const turned = { ...state, switchInput: { ...switchInput, pressedAt: closed ? pressedAt : null, held: false } };
    const acted = moved(turned, settings, closed, heldMs, now);
    return { state: closed ? { ...acted, acknowledgeRcm: true } : acted, events: [{ closed, heldMs }] };
  }
  return { state: held(state, settings, now), events: [] };
}

/** The grid operator limits the site: his contact is open, or nobody can say that it is closed. */
export function gridRelayOpen({ settings, switchInput }: EvseCoreState, now: Instant): boolean {
  if (settings?.switchFunction !== "grid-relay") return false;
  const away = switchInput.raw === null && now - switchInput.rawSince >= SWITCH_AWAY_MS;
  return away || switchInput.closed !== true;
}

function look(state: EvseCoreState, now: Instant): SwitchState {
  const { switchInput, sensed } = state;
  const raw = boardIsUp(state, now) ? (sensed?.value.switchClosed ?? null) : null;
  const next = raw === switchInput.raw ? switchInput : { ...switchInput, raw, rawSince: now };
  const lasting = raw !== null && now - next.rawSince >= SWITCH_DEBOUNCE_MS;
  return lasting && next.closed !== raw ? { ...next, closed: raw } : next;
}

function moved(
  state: EvseCoreState,
  settings: PointSettings,
  closed: boolean,
  heldMs: number | null,
  now: Instant,
): EvseCoreState {
  switch (settings.switchFunction) {
    case "disabled":
      // The car may be unplugged, or charges on after the delay.
      return closed && state.state === "C2" ? { ...state, stopAsked: true } : state;
    case "access-button":
      return closed ? withAccessTo(state, settings.access === "on" ? "off" : "on", now) : state;
    case "access-switch":
      return withAccessTo(state, closed ? "on" : "off", now);
    case "mode-button":
      return closed || heldMs === null || heldMs >= SWITCH_HOLD_MS ? state : otherMode(state, settings, now);
    case "mode-switch":
      return settings.access === "on" && settings.mode === (closed ? "solar" : "smart")
        ? wish(state, "mode", closed ? "smart" : "solar", now)
        : state;
    case "custom-button":
      return closed ? wish(state, "custombutton", !settings.customFlag, now) : state;
    case "custom-switch":
      return wish(state, "custombutton", closed, now);
    case "grid-relay":
      return state;
  }
}

/** Smart and Solar change places, and what kept the car waiting is over; Normal stays. */
function otherMode(state: EvseCoreState, { access, mode }: PointSettings, now: Instant): EvseCoreState {
  if (access !== "on" || mode === "normal") return state;
  return { ...wish(state, "mode", mode === "smart" ? "solar" : "smart", now), chargeDelayUntil: now };
}

/** Held long enough while charging: stop, once. */
function held(state: EvseCoreState, { switchFunction }: PointSettings, now: Instant): EvseCoreState {
  const { switchInput } = state;
  const due =
    switchFunction === "mode-button" &&
    state.state === "C2" &&
    !switchInput.held &&
    switchInput.closed === true &&
    switchInput.pressedAt !== null &&
    now - switchInput.pressedAt >= SWITCH_HOLD_MS;
  return due ? { ...state, stopAsked: true, switchInput: { ...switchInput, held: true } } : state;
}

/** OFF holds at once, whoever keeps the settings; ON when they say so. */
function withAccessTo(state: EvseCoreState, access: AccessStatus, now: Instant): EvseCoreState {
  return wish({ ...state, switchedOff: access === "off" }, "access", access, now);
}

function wish(
  state: EvseCoreState,
  key: Wish["key"],
  value: AccessStatus | ChargeMode | boolean,
  now: Instant,
): EvseCoreState {
  return { ...state, wishes: [...state.wishes.filter(other => other.key !== key), { key, value, since: now }] };
}
