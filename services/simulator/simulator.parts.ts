import type { Clock } from "../../shared/time/clock.ts";
import { simulatedBoard } from "./board/simulated-board.ts";
import { slaveMeters } from "./meters/slave-meters.ts";
import type { SimulatorConfig } from "./simulator.config.ts";
import type { SimulatedBoard, SimulatedMeters } from "./simulator.port.ts";

/** The boards and meters that the site file asks for; nothing is listened on before the service starts. */
export function simulatorParts(
  config: SimulatorConfig,
  clock: Clock,
): { readonly boards: ReadonlyMap<string, SimulatedBoard>; readonly meters: SimulatedMeters } {
  const { host } = config;
  const boards = Object.entries(config.boards).map(([evseId, { port }], index) => {
    return [evseId, simulatedBoard({ evseId, host, port, clock, seed: config.house.seed + index })] as const;
  });
  return { boards: new Map(boards), meters: slaveMeters(config.meters, host, clock) };
}
