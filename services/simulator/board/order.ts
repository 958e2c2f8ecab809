import type { BoardOrder } from "../simulator.port.ts";
import { milliVoltsAt } from "./electrics.ts";
import type { VirtualBoard } from "./virtual-board.ts";

/** About as much as a loose plug makes before it loses contact. */
const GARBAGE_BYTES = 64;

/** What happens to a board and to what is wired to it. */
export function happenTo(board: VirtualBoard, order: BoardOrder): void {
  const { rcm, lock, k1, k2 } = board.wiring;
  switch (order) {
    case "reset":
      board.reset();
      return;
    case "silent":
    case "answers":
      board.faults.silent = order === "silent";
      return;
    case "garbage":
      board.sendGarbage(GARBAGE_BYTES);
      return;
    case "rcm-trip":
    case "rcm-clear":
      rcm.setFault(order === "rcm-trip");
      return;
    case "rcm-deaf":
    case "rcm-hears":
      rcm.setAnswersTest(order === "rcm-hears");
      return;
    case "lock-stuck":
    case "lock-moves":
      lock.setStuck(order === "lock-stuck");
      return;
    case "contactor-stuck":
    case "contactor-moves":
      k1.stick(order === "contactor-stuck");
      k2.stick(order === "contactor-stuck");
      return;
    case "diode-gone":
    case "diode-back":
      board.present({ diode: order === "diode-back" });
      return;
    case "switch-press":
    case "switch-release":
      board.pressSwitch(order === "switch-press");
      return;
    case "sensor-broken":
      board.setSensor(0);
      return;
  }
}

export function warm(board: VirtualBoard, temperatureC: number): void {
  board.setSensor(milliVoltsAt(temperatureC));
}
