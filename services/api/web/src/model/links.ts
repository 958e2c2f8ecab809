import type { MeterView, PointView, SiteView } from "../../../view.ts";

/** One board or meter, ready to be shown. */
export interface LinkLine {
  readonly key: string;
  readonly name: string;
  readonly detail: string;
  readonly word: string;
  readonly health: "good" | "waiting" | "bad" | "off";
  /** Age of its last word or sample when the view was made. */
  readonly ageMs: number | null;
}

const ROLE_WORDS: Readonly<Record<MeterView["role"], string>> = {
  mains: "Mains meter",
  circuit: "Circuit meter",
  ev: "EV meter",
  pv: "Solar meter",
  battery: "Battery meter",
};

/** Boards first, then meters, in the order of the site. */
export function linksOf(view: SiteView): readonly LinkLine[] {
  return [...view.points.map(boardLine), ...view.meters.map(meter => meterLine(meter, view.points))];
}

const BOARD_STATES: Readonly<Record<PointView["board"]["link"], Pick<LinkLine, "word" | "health">>> = {
  unheard: { word: "unheard", health: "bad" },
  down: { word: "away", health: "bad" },
  handshake: { word: "greeting", health: "waiting" },
  up: { word: "up", health: "good" },
};

function boardLine(point: PointView): LinkLine {
  const { board } = point;
  const known = board.firmware ?? "firmware not told yet";
  const returned = board.reconnects > 0 ? `, came back ${board.reconnects} ×` : "";
  return {
    key: `board-${point.id}`,
    name: `Board of ${point.name}`,
    detail: board.link === "up" ? `${known}${returned}` : (board.lastError ?? known),
    ageMs: board.ageMs,
    ...BOARD_STATES[board.link],
  };
}

const METER_STATES: Readonly<Record<MeterView["state"], Pick<LinkLine, "word" | "health">>> = {
  unheard: { word: "unheard", health: "bad" },
  off: { word: "off", health: "off" },
  waiting: { word: "waiting", health: "waiting" },
  ok: { word: "answers", health: "good" },
  silent: { word: "silent", health: "bad" },
};

/** It answers, and its samples show that something is wrong with it or its wiring. */
const DOUBTED: Pick<LinkLine, "word" | "health"> = { word: "check wiring", health: "waiting" };

function plainDetail({ source, lastError, quality }: MeterView, health: LinkLine["health"]): string {
  if (health !== "good" && lastError !== null) return lastError;
  return quality === "derived" ? `${source} (currents worked out from power)` : source;
}

function meterLine(meter: MeterView, points: readonly PointView[]): LinkLine {
  const of = points.find(point => point.id === meter.evseId);
  const doubted = meter.state === "ok" && meter.findings.length > 0;
  const state = doubted ? DOUBTED : METER_STATES[meter.state];
  return {
    key: `meter-${meter.id}`,
    name: of === undefined ? ROLE_WORDS[meter.role] : `${ROLE_WORDS[meter.role]} of ${of.name}`,
    detail: doubted ? meter.findings.map(({ text }) => text).join("; ") : plainDetail(meter, state.health),
    ageMs: meter.ageMs,
    ...state,
  };
}
