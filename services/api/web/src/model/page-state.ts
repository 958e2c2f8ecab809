import type { ChargeChoice, SiteView } from "../../../view.ts";

/** The stream repeats the site at least every second; after this long without a word the page says so. */
const SILENT_AFTER_MS = 5_000;
/** An accepted change that the charge point has not shown by then is worth a word. */
const CONFIRM_WITHIN_MS = 6_000;

/** What a person asked of a charge point, until the charge point itself shows it. */
export interface Wish {
  readonly choice: ChargeChoice;
  readonly askedAtMs: number;
  readonly step: "asking" | "accepted" | "refused";
  /** Why it was refused, or what is still awaited; null while there is nothing to say. */
  readonly problem: string | null;
}

/** Everything the page shows. Times are the browser's monotonic milliseconds. */
export interface PageState {
  readonly view: SiteView | null;
  readonly receivedAtMs: number | null;
  readonly nowMs: number;
  /** `starting` until the first view, `lost` once the stream broke or fell silent. */
  readonly link: "starting" | "live" | "lost";
  readonly wishes: Readonly<Record<string, Wish>>;
}

export type PageEvent =
  | { readonly kind: "view"; readonly view: SiteView }
  | { readonly kind: "stream-broken" }
  | { readonly kind: "tick" }
  | { readonly kind: "asked"; readonly pointId: string; readonly choice: ChargeChoice }
  | { readonly kind: "accepted"; readonly pointId: string }
  | { readonly kind: "refused"; readonly pointId: string; readonly problem: string };

export function startingPage(nowMs: number): PageState {
  return { view: null, receivedAtMs: null, nowMs, link: "starting", wishes: {} };
}

/** The page's one decision: what it shows after an event. */
export function advancePage(state: PageState, event: PageEvent, nowMs: number): PageState {
  const later = { ...state, nowMs };
  switch (event.kind) {
    case "view":
      return {
        ...later,
        view: event.view,
        receivedAtMs: nowMs,
        link: "live",
        wishes: stillOpen(state.wishes, event.view),
      };
    case "stream-broken":
      return { ...later, link: "lost" };
    case "tick":
      return { ...later, link: silenceMs(later) > SILENT_AFTER_MS ? "lost" : state.link, wishes: overdue(later) };
    case "asked":
      return withWish(later, event.pointId, { choice: event.choice, askedAtMs: nowMs, step: "asking", problem: null });
    case "accepted":
      return changeWish(later, event.pointId, { step: "accepted" });
    case "refused":
      return changeWish(later, event.pointId, { step: "refused", problem: event.problem });
  }
}

/** How long ago the last view came; before the first one, how long the page has been up. */
export function silenceMs(state: PageState): number {
  return state.receivedAtMs === null ? 0 : state.nowMs - state.receivedAtMs;
}

/** An age the server gave, as old as it is by now. */
export function ageNow(ageMs: number | null, state: PageState): number | null {
  return ageMs === null ? null : ageMs + silenceMs(state);
}

/** A wish is done once the charge point shows it. A refusal stays readable until the next wish. */
function stillOpen(wishes: PageState["wishes"], view: SiteView): PageState["wishes"] {
  return Object.fromEntries(
    Object.entries(wishes).filter(([pointId, wish]) => {
      const shown = view.points.find(point => point.id === pointId)?.status?.choice;
      return wish.step === "refused" || shown !== wish.choice;
    }),
  );
}

function overdue(state: PageState): PageState["wishes"] {
  return Object.fromEntries(
    Object.entries(state.wishes).map(([pointId, wish]) => {
      const late = wish.step === "accepted" && state.nowMs - wish.askedAtMs > CONFIRM_WITHIN_MS;
      return [pointId, late ? { ...wish, problem: "Accepted, but the charge point does not show it yet." } : wish];
    }),
  );
}

function changeWish(state: PageState, pointId: string, change: Partial<Wish>): PageState {
  const wish = state.wishes[pointId];
  return wish === undefined ? state : withWish(state, pointId, { ...wish, ...change });
}

function withWish(state: PageState, pointId: string, wish: Wish): PageState {
  return { ...state, wishes: { ...state.wishes, [pointId]: wish } };
}
