import { bump, type Measure, type Moment, perPoint, rounded, sum } from "./measures.ts";
import type { Scenario } from "./scenario.ts";

/** How often contactors, pilot and set-point move, and how the cars start. */
export interface SwitchingResult {
  readonly contactor1Ops: number;
  readonly contactor2Ops: number;
  readonly openUnderLoad: number;
  readonly livePhaseSwitch: number;
  readonly cpDisconnects: number;
  readonly setpointChanges: number;
  readonly setpointChangesPerH: number | null;
  readonly reversals: number;
  readonly chargeStarts: number;
  readonly phaseSwitches: number;
  readonly chargingH: number;
  readonly timeToFirstS: readonly (number | null)[];
  readonly masterErrorS: number;
}

/** From this current a car charges, and a contactor switches under load. */
const LOAD_A = 1.0;

export function measureSwitching(scenario: Scenario): Measure<SwitchingResult> {
  const { dtS } = scenario;
  const points = scenario.plant.points.length;
  const last = {
    c1: perPoint(points),
    c2: perPoint(points),
    cp: Array.from({ length: points }, () => 1),
    offered: perPoint(points),
    direction: perPoint(points),
    phases: perPoint(points),
    charging: Array.from({ length: points }, () => false),
  };
  const m = { contactor1Ops: 0, contactor2Ops: 0, openUnderLoad: 0, livePhaseSwitch: 0, cpDisconnects: 0 };
  const n = { setpointChanges: 0, reversals: 0, chargeStarts: 0, phaseSwitches: 0, errorS: 0 };
  const chargingS = perPoint(points);
  const firstAt: (number | null)[] = Array.from({ length: points }, () => null);

  function seeContactors({ reply, before }: Moment, point: number, phases: 1 | 3): void {
    const c1 = reply.c1[point] ?? 0;
    const c2 = reply.c2[point] ?? 0;
    const cp = reply.cp[point] ?? 1;
    const was = before[point];
    if (was !== undefined && was.drawA > LOAD_A) {
      if (c1 === 0 && was.pilot !== "A") m.openUnderLoad += 1;
      if (c1 === 1 && phases === 3 && was.phases !== 0 && (c2 === 1 ? 3 : 1) !== was.phases) m.livePhaseSwitch += 1;
    }
    if (c1 !== last.c1[point]) m.contactor1Ops += 1;
    if (c2 !== last.c2[point]) m.contactor2Ops += 1;
    if (cp === 0 && last.cp[point] === 1) m.cpDisconnects += 1;
    last.c1[point] = c1;
    last.c2[point] = c2;
    last.cp[point] = cp;
  }

  function seeSetpoint({ reply }: Moment, point: number): void {
    const offeredA = reply.offered[point] ?? 0;
    const beforeA = last.offered[point] ?? 0;
    if (offeredA > 0.5 && beforeA > 0.5 && Math.abs(offeredA - beforeA) > 0.05) {
      n.setpointChanges += 1;
      const direction = offeredA > beforeA ? 1 : -1;
      const lastDirection = last.direction[point];
      if (lastDirection !== 0 && direction !== lastDirection) n.reversals += 1;
      last.direction[point] = direction;
    }
    last.offered[point] = offeredA;
  }

  function seeCharging({ t, cars }: Moment, point: number, phases: 1 | 3): void {
    const car = cars[point];
    const charging = car !== undefined && car.drawA > LOAD_A;
    if (charging) {
      firstAt[point] ??= t;
      const lastPhases = last.phases[point];
      if (last.charging[point] !== true) {
        n.chargeStarts += 1;
        if (lastPhases !== 0 && car.phases !== lastPhases && phases === 3) n.phaseSwitches += 1;
      }
      bump(chargingS, point, dtS);
      last.phases[point] = car.phases;
    }
    last.charging[point] = charging;
  }

  return {
    see(moment) {
      for (const [point, { car }] of scenario.plant.points.entries()) {
        seeContactors(moment, point, car.phases);
        seeSetpoint(moment, point);
        seeCharging(moment, point, car.phases);
      }
      if ((moment.reply.error?.[0] ?? 0) !== 0) n.errorS += dtS;
    },
    result() {
      const allS = sum(chargingS);
      return {
        ...m,
        setpointChanges: n.setpointChanges,
        setpointChangesPerH: allS > 60 ? rounded(n.setpointChanges / (allS / 3600.0)) : null,
        reversals: n.reversals,
        chargeStarts: n.chargeStarts,
        phaseSwitches: n.phaseSwitches,
        chargingH: rounded(allS / 3600.0),
        timeToFirstS: firstAt.map((at, point) =>
          at === null ? null : rounded(at - (scenario.visits[point]?.plugS ?? 0)),
        ),
        masterErrorS: rounded(n.errorS),
      };
    },
  };
}
