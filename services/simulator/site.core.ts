/** The simulated site: the plant, moved by boards, by words and by its own scenario, and shown to boards and meters. */
import { offerAOf } from "../../shared/iec61851/duty.ts";
import { type CarSupply, VOLTAGE_V } from "./car.core.ts";
import { houseAt } from "./household.core.ts";
import { obey } from "./orders.core.ts";
import { advancePlant, type PlantTruth } from "./plant.core.ts";
import { roofAt } from "./roof.core.ts";
import { describe } from "./scenario.core.ts";
import { showCars, showMeters, truthOf } from "./shows.core.ts";
import type { BoardDrives } from "./simulator.port.ts";
import {
  type Moved,
  modelOf,
  type PointState,
  type SiteInput,
  type SiteOutput,
  type SiteState,
  STEP_S,
} from "./site-state.core.ts";
import { mapPhases } from "./triple.core.ts";

const TRUTH_EVERY_TICKS = 4;
/** Below this the board signals no current (duty under 8 %). */
const VALID_OFFER_A = 5;

/** One input. A tick keeps the appointments that are due, moves the plant and shows what changed. */
export function advanceSite(state: SiteState, input: SiteInput): Moved {
  if (input.kind === "command") return obey(state, input.command);
  const kept = keepAppointments(state);
  let site = kept.state;
  let truth: PlantTruth | null = null;
  for (let step = 0; step < site.plan.speed; step += 1) {
    const moved = advanceOnce(site, input.boards);
    site = moved.state;
    truth = moved.truth;
  }
  const cars = showCars(site);
  const meters = showMeters(cars.state);
  const outputs = [...kept.outputs, ...cars.outputs, ...meters.outputs];
  const ticks = site.ticks + 1;
  if (truth !== null && ticks % TRUTH_EVERY_TICKS === 0) outputs.push({ kind: "truth", truth: truthOf(site, truth) });
  return { state: { ...meters.state, ticks }, outputs };
}

function keepAppointments(state: SiteState): Moved {
  const nowS = state.plant.step * STEP_S;
  const due = state.appointments.filter(({ atS }) => atS <= nowS);
  if (due.length === 0) return { state, outputs: [] };
  let site: SiteState = { ...state, appointments: state.appointments.filter(({ atS }) => atS > nowS) };
  const outputs: SiteOutput[] = [];
  for (const { words, command } of due) {
    const obeyed = obey(site, command);
    site = obeyed.state;
    outputs.push({ kind: "told", words, done: describe(command) }, ...obeyed.outputs);
  }
  return { state: site, outputs };
}

/** One step of the plant. */
function advanceOnce(
  state: SiteState,
  boards: Readonly<Record<string, BoardDrives>>,
): { readonly state: SiteState; readonly truth: PlantTruth } {
  const { plan } = state;
  const t = state.plant.step * STEP_S;
  const points = state.points.map((point, index) => hear(point, boards[plan.points[index]?.evseId ?? ""]));
  const house = houseAt(plan.house.kind, plan.house.baseA, plan.house.seed, t);
  const { state: plant, truth } = advancePlant(modelOf(plan, points), state.plant, {
    houseA: mapPhases(phase => house[phase] + state.houseAddsA[phase]),
    roofW: roofNow(state, t),
    supplies: points.map((point, index) => supplyOf(point, boards[plan.points[index]?.evseId ?? ""])),
    meterSilent: false,
  });
  // Energy registers of a meter that nets its phases at every moment.
  const netWh = ((truth.mainsA[0] + truth.mainsA[1] + truth.mainsA[2]) * VOLTAGE_V * STEP_S) / 3600;
  return {
    state: {
      ...state,
      points,
      plant,
      importWh: state.importWh + Math.max(0, netWh),
      exportWh: state.exportWh + Math.max(0, -netWh),
    },
    truth,
  };
}

/** A car that ignores the end of the pilot signal keeps the last offer it heard; a deaf one the first. */
function hear(point: PointState, board: BoardDrives | undefined): PointState {
  if (point.stuckAtA === null || board === undefined) return point;
  if (point.deaf && point.stuckAtA > 0) return point;
  const offeredA = offerAOf(board.dutyPct);
  return offeredA >= VALID_OFFER_A ? { ...point, stuckAtA: offeredA } : point;
}

function supplyOf(point: PointState, board: BoardDrives | undefined): CarSupply {
  return {
    plugged: point.plugged,
    offeredA: point.stuckAtA ?? (board === undefined ? 0 : offerAOf(board.dutyPct)),
    contactorL1: board?.contactorL1 ?? false,
    contactorL23: board?.contactorL23 ?? false,
    pilotLine: point.stuckAtA !== null || (board?.pilotLine ?? false),
  };
}

function roofNow(state: SiteState, t: number): number {
  return state.roofW ?? roofAt(state.plan.roofPeakW, state.sky, state.plan.house.seed, t);
}
