import type { Instant } from "../../shared/time/clock.ts";
import type { PointSettings } from "./evse.config.ts";
import type { EvseCoreState, Wish } from "./state.core.ts";
import { WISH_AGAIN_MS, WISH_LIFETIME_MS } from "./timing.core.ts";

/**
 * What was decided at the point's own switch, for the owner of the settings: asked for until the settings say so. An OFF is
 * never given up; anything else that its owner has not taken in 10 s is forgotten, so that it does not come true much later.
 */
export function pursueWishes(
  state: EvseCoreState,
  now: Instant,
): { readonly state: EvseCoreState; readonly asks: readonly Wish[] } {
  const { settings, storedAccess } = state;
  if (state.wishes.length === 0 || settings === null) return { state, asks: [] };
  const open = state.wishes.filter(
    wish =>
      saidBySettings(settings, storedAccess, wish.key) !== wish.value &&
      (now - wish.since < WISH_LIFETIME_MS || (wish.key === "access" && wish.value === "off")),
  );
  const asks = open.filter(({ askedAt }) => askedAt === undefined || now - askedAt >= WISH_AGAIN_MS);
  const wishes = open.map(wish => (asks.includes(wish) ? { ...wish, askedAt: now } : wish));
  const switchedOff = state.switchedOff && wishes.some(wish => wish.key === "access");
  return { state: { ...state, wishes, switchedOff }, asks };
}

function saidBySettings(
  settings: PointSettings,
  access: PointSettings["access"] | null,
  key: Wish["key"],
): Wish["value"] | null {
  switch (key) {
    case "access":
      return access;
    case "mode":
      return settings.mode;
    case "custombutton":
      return settings.customFlag;
  }
}
