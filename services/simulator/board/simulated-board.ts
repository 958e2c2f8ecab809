import { messageOf, StartRefused } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { BoardDrives, SimulatedBoard } from "../simulator.port.ts";
import { happenTo, warm } from "./order.ts";
import { serveBoard, type TcpBoard } from "./tcp-board.ts";
import { VirtualBoard } from "./virtual-board.ts";

interface Place {
  readonly evseId: string;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** Sampling phase and noise of this board. */
  readonly seed: number;
}

/** A virtual board with its car, contactors and cable, served on a TCP port. */
export function simulatedBoard({ evseId, host, port, clock, seed }: Place): SimulatedBoard {
  const board = new VirtualBoard({ clock, seed });
  let served: TcpBoard | null = null;
  return {
    get drives(): BoardDrives {
      const { pilot, contactors } = board;
      return {
        dutyPct: pilot.dutyPct,
        pilotLine: pilot.connected,
        contactorL1: contactors.l1,
        contactorL23: contactors.l23,
      };
    },
    present({ pilot, ppOhm }) {
      board.present({ state: pilot, ppOhm });
    },
    disturb(order) {
      happenTo(board, order);
    },
    warm(temperatureC) {
      warm(board, temperatureC);
    },
    weld(welded) {
      board.wiring.k1.weld(welded);
    },
    async open() {
      try {
        served = await serveBoard({ board, host, port });
      } catch (error) {
        throw new StartRefused(`simulator: boards.${evseId}.port: ${messageOf(error)}`, { cause: error });
      }
    },
    async close() {
      await served?.close();
      board.powerOff();
    },
  };
}
