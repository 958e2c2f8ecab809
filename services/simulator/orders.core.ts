/** Words become deeds: what each command changes in the simulated site. */
import { awayCar } from "./car.core.ts";
import type { Command } from "./scenario.core.ts";
import { type Moved, type PointPlan, type PointState, type SiteState, STEP_S } from "./site-state.core.ts";
import { mapPhases, ZERO } from "./triple.core.ts";

/** Carries out one command. Names were checked when the words were understood. */
export function obey(state: SiteState, command: Command): Moved {
  switch (command.kind) {
    case "house":
      return {
        state: {
          ...state,
          houseAddsA: mapPhases(phase => (`l${phase + 1}` === command.phase ? command.addA : state.houseAddsA[phase])),
        },
        outputs: [],
      };
    case "house-auto":
      return { state: { ...state, houseAddsA: ZERO }, outputs: [] };
    case "roof":
      return { state: { ...state, roofW: command.powerW }, outputs: [] };
    case "sky":
      return { state: { ...state, roofW: null, sky: command.sky }, outputs: [] };
    case "plug":
      return command.plugged ? plugIn(state, command.evseId) : unplug(state, command.evseId);
    case "car":
      return { state: changeCar(state, command.evseId, command.order), outputs: [] };
    case "meter": {
      const meter = state.plan.meters.findIndex(({ name }) => name === command.meter);
      return { state, outputs: [{ kind: "answers", meter, whether: command.answers }] };
    }
    case "board":
      return { state, outputs: [{ kind: "disturb", evseId: command.evseId, order: command.order }] };
    case "temp":
      return {
        state,
        outputs: [{ kind: "warm", evseId: command.evseId, temperatureC: command.temperatureC }],
      };
    case "contactor":
      return { state, outputs: [{ kind: "weld", evseId: command.evseId, welded: command.welded }] };
  }
}

/** A car that comes wants what the site file says, whatever it took before. */
function plugIn(state: SiteState, evseId: string): Moved {
  const next = changePoint(state, evseId, (point, plan, takenKWh) =>
    point.plugged
      ? point
      : {
          ...point,
          plugged: true,
          stuckAtA: null,
          deaf: false,
          pluggedAtKWh: takenKWh,
          car: { ...point.car, energyKWh: takenKWh + plan.car.energyKWh },
        },
  );
  return { state: next, outputs: [] };
}

/** A plug that is pulled is gone at once, not with the next step. */
function unplug(state: SiteState, evseId: string): Moved {
  const next = changePoint(state, evseId, point => ({
    ...point,
    plugged: false,
    stuckAtA: null,
    deaf: false,
    shown: "A",
  }));
  const cars = state.plant.cars.map((car, index) => {
    const plan = state.plan.points[index];
    return plan?.evseId === evseId ? { ...awayCar(plan.car, STEP_S), energyKWh: car.energyKWh } : car;
  });
  return {
    state: { ...next, plant: { ...next.plant, cars } },
    outputs: [{ kind: "present", evseId, car: { pilot: "A", ppOhm: null } }],
  };
}

function changeCar(state: SiteState, evseId: string, order: Extract<Command, { kind: "car" }>["order"]): SiteState {
  return changePoint(state, evseId, (point, plan, takenKWh) => {
    switch (order) {
      case "full":
        return { ...point, car: { ...point.car, energyKWh: takenKWh } };
      case "wants":
        return { ...point, car: { ...point.car, energyKWh: takenKWh + plan.car.energyKWh } };
      case "1p":
        return { ...point, car: { ...point.car, phases: 1 } };
      case "3p":
        return { ...point, car: { ...point.car, phases: 3 } };
      case "stuck":
        return { ...point, stuckAtA: point.stuckAtA ?? 0 };
      case "deaf":
        return { ...point, stuckAtA: point.stuckAtA ?? 0, deaf: true };
      case "obeys":
        return { ...point, stuckAtA: null, deaf: false };
    }
  });
}

function changePoint(
  state: SiteState,
  evseId: string,
  change: (point: PointState, plan: PointPlan, takenKWh: number) => PointState,
): SiteState {
  const points = state.points.map((point, index) => {
    const plan = state.plan.points[index];
    return plan?.evseId === evseId ? change(point, plan, state.plant.cars[index]?.energyKWh ?? 0) : point;
  });
  return { ...state, points };
}
