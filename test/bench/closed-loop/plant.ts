import type { CarSupply } from "../../../services/simulator/car.core.ts";
import { advancePlant, initialPlant, type PlantState } from "../../../services/simulator/plant.core.ts";
import { ZERO } from "../../../services/simulator/triple.core.ts";
import { type DeliveryResult, measureDelivery } from "./measure-delivery.ts";
import { type LimitResult, measureLimits } from "./measure-limits.ts";
import { measureSolar, type SolarResult } from "./measure-solar.ts";
import { measureSwitching, type SwitchingResult } from "./measure-switching.ts";
import type { Moment } from "./measures.ts";
import type { Controller, Reply, StepMessage } from "./protocol.ts";
import type { Scenario, Visit } from "./scenario.ts";

/** Everything that is counted in one run; the names are those of the baselines. */
export interface RunResult extends LimitResult, DeliveryResult, SwitchingResult, SolarResult {
  readonly name: string;
  readonly cls: string;
  readonly N: number;
  readonly durationS: number;
}

export interface RunOptions {
  /** Sees the truth of every step, for charts and for looking closer. */
  readonly onStep?: (moment: Moment, message: StepMessage) => void;
}

/** Runs a controller in the loop with a scenario's house, roof, meters and cars. */
export function simulate(scenario: Scenario, controller: Controller, options: RunOptions = {}): RunResult {
  const run = startRun(scenario, options);
  for (let message = run.next(); message !== null; message = run.next()) run.reply(controller(message));
  return run.result();
}

/** As `simulate`, with a controller that answers later: a process at the other end of a line. */
export async function simulateAsync(
  scenario: Scenario,
  controller: (message: StepMessage) => Promise<Reply>,
): Promise<RunResult> {
  const run = startRun(scenario, {});
  for (let message = run.next(); message !== null; message = run.next()) run.reply(await controller(message));
  return run.result();
}

interface Run {
  /** Advances the plant by one step; null at the end. */
  next(): StepMessage | null;
  reply(reply: Reply): void;
  result(): RunResult;
}

function startRun(scenario: Scenario, options: RunOptions): Run {
  const { plant: model, dtS } = scenario;
  const points = model.points.length;
  const steps = Math.trunc(scenario.durationS / dtS);
  const limits = measureLimits(scenario);
  const delivery = measureDelivery(scenario);
  const switching = measureSwitching(scenario);
  const solar = measureSolar(scenario);
  const off = Array.from({ length: points }, (): 0 => 0);
  const on = Array.from({ length: points }, (): 1 => 1);
  let reply: Moment["reply"] = { offered: off, c1: off, c2: off, cp: on };
  let plant = initialPlant(model);

  return {
    next() {
      const { step } = plant;
      if (step >= steps) return null;
      const t = step * dtS;
      const second = Math.trunc(t);
      const houseA = rowAt(scenario.houseA, second + scenario.houseOffsetS) ?? ZERO;
      const roofW = scenario.roofW === null ? 0 : (rowAt(scenario.roofW, second) ?? 0);
      const before = plant.cars;
      const { state, truth } = advancePlant(model, plant, {
        houseA,
        roofW,
        supplies: scenario.visits.map((visit, point) => supplyOf(visit, t, reply, point)),
        meterSilent: scenario.dropouts.some(([fromS, untilS]) => fromS <= t && t < untilS),
      });
      plant = state;
      const moment: Moment = { t, step, houseA, roofW, truth, before, cars: state.cars, reply };
      limits.see(moment);
      delivery.see(moment);
      switching.see(moment);
      solar.see(moment);
      const message = messageOf(scenario, state, t);
      options.onStep?.(moment, message);
      return message;
    },
    reply(given) {
      reply = { ...given, cp: given.cp ?? on };
    },
    result: () => ({
      name: scenario.name,
      cls: scenario.cls,
      N: points,
      durationS: scenario.durationS,
      ...limits.result(),
      ...delivery.result(),
      ...switching.result(),
      ...solar.result(),
    }),
  };
}

function supplyOf(visit: Visit, t: number, reply: Moment["reply"], point: number): CarSupply {
  const here = t >= visit.plugS && (visit.unplugS === null || t < visit.unplugS);
  return {
    plugged: here || (visit.replugS !== null && t >= visit.replugS),
    offeredA: reply.offered[point] ?? 0,
    contactorL1: reply.c1[point] === 1,
    contactorL23: reply.c2[point] === 1,
    pilotLine: reply.cp[point] !== 0,
  };
}

function messageOf(scenario: Scenario, plant: PlantState, t: number): StepMessage {
  const { delivered, sequence } = plant.meter;
  return {
    type: "step",
    t,
    mainsSeq: sequence,
    mainsT: delivered.takenAtStep === null ? -1 : delivered.takenAtStep * scenario.dtS,
    mainsCurrents: delivered.mainsA,
    evCurrents: delivered.carsA,
    pilot: plant.cars.map(car => car.pilot),
    batteryCurrent: scenario.plant.battery === null ? null : delivered.batteryA,
    authorized: plant.cars.map(() => 1),
  };
}

/** Zero order hold; the last row repeats. */
function rowAt<Row>(trace: readonly Row[], second: number): Row | undefined {
  return trace[Math.min(second, trace.length - 1)];
}
