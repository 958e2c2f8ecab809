import type { PhaseCurrentsA } from "../../../../../shared/contracts/units.ts";
import type { PointView, SiteView } from "../../../view.ts";

/** Where only currents are known, power is reckoned at the nominal voltage (IEC 60038). */
const NOMINAL_V = 230;

/** What comes in from the grid, and where it goes; null where a part is not known. */
export interface PowerFlow {
  readonly gridW: number | null;
  readonly houseW: number | null;
  readonly carsW: number | null;
}

export function powerFlowOf(view: SiteView): PowerFlow {
  const meter = view.meters.find(meter => meter.role === "mains" && meter.state === "ok");
  const gridW = view.mains.currentA === null ? null : (meter?.totalPowerW ?? nominalW(view.mains.currentA));
  const draws = view.points.map(point => drawnW(point, view));
  const carsW = draws.reduce<number | null>((sum, w) => (sum === null || w === null ? null : sum + w), 0);
  return { gridW, carsW, houseW: gridW === null || carsW === null ? null : gridW - carsW };
}

/** What one car draws: as its meter says, else its currents at nominal voltage; null where nothing tells. */
export function drawnW(point: PointView, view: SiteView): number | null {
  if (point.status?.drawA == null) return point.status?.activePhases === 0 ? 0 : null;
  const meter = view.meters.find(meter => meter.evseId === point.id && meter.state === "ok");
  return meter?.totalPowerW ?? nominalW(point.status.drawA);
}

/** The most loaded phase: what is to be set beside an offer, which holds for every phase. */
export function highestA(currentA: PhaseCurrentsA | null | undefined): number | null {
  return currentA == null ? null : Math.max(currentA.l1, currentA.l2, currentA.l3);
}

function nominalW(currentA: PhaseCurrentsA): number {
  return (currentA.l1 + currentA.l2 + currentA.l3) * NOMINAL_V;
}
