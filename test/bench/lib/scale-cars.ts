/**
 * The other side of a part of a large site, in a process of its own: a virtual board with a car for each point, and their
 * meters. Started by the bench with `fork`; tells once a quarter of a second what the cars draw, and when duties changed.
 */

import { serveBoard } from "../../../services/simulator/board/tcp-board.ts";
import { VirtualBoard } from "../../../services/simulator/board/virtual-board.ts";
import { eastron3P } from "../../../services/simulator/meters/eastron.ts";
import { ModbusSlave } from "../../../services/simulator/meters/modbus-slave.ts";
import { offerAOf } from "../../../shared/iec61851/duty.ts";
import { systemClock } from "../../../shared/time/clock.ts";

export interface CarsOrder {
  readonly line: number;
  readonly cars: readonly { readonly board: number; readonly unit: number; readonly phase: number }[];
}

export interface CarsTold {
  /** What the cars of this process draw on each phase of the house. */
  readonly houseA: readonly [number, number, number];
  readonly charging: number;
  /** When the duty on each board's pilot first changed since that was asked for, in `process.hrtime` ms; 0 = it has not. */
  readonly dutyAt: readonly number[];
}

/** A car follows its offer after this many rounds. */
const LAG_ROUNDS = 4;
const ROUND_MS = 250;
const VOLTS = 230;

process.once("message", order => void serve(order as CarsOrder));
process.once("disconnect", () => process.exit(0));

async function serve({ line, cars }: CarsOrder): Promise<void> {
  const slave = new ModbusSlave(systemClock);
  const sides = cars.map(({ unit, phase }, index) => {
    const board = new VirtualBoard({ clock: systemClock, seed: index + 1 });
    const side = { board, phase, drawA: 0, offersA: [] as number[], dutyPct: 0, dutyAt: 0 };
    board.onChange(() => {
      if (board.pilot.dutyPct === side.dutyPct) return;
      side.dutyPct = board.pilot.dutyPct;
      if (side.dutyAt === 0) side.dutyAt = Number(process.hrtime.bigint()) / 1e6;
    });
    slave.add(
      unit,
      eastron3P(() => ({
        currentA: { l1: side.drawA, l2: 0, l3: 0 },
        powerW: { l1: side.drawA * VOLTS, l2: 0, l3: 0 },
        importWh: 0,
        exportWh: 0,
      })),
    );
    return side;
  });
  await slave.listen(line, "127.0.0.1");
  for (const [index, { board }] of sides.entries()) {
    await serveBoard({ board, port: cars[index]?.board ?? 0 });
    board.present({ state: "C", ppOhm: 220 });
  }
  process.on("message", () => {
    for (const side of sides) side.dutyAt = 0;
  });
  setInterval(() => {
    const houseA: [number, number, number] = [0, 0, 0];
    let charging = 0;
    for (const side of sides) {
      const { board, offersA, phase } = side;
      const closed = board.contactors.l1;
      offersA.push(closed && board.pilot.connected ? offerAOf(board.pilot.dutyPct) : 0);
      if (offersA.length > LAG_ROUNDS) offersA.shift();
      side.drawA = closed ? Math.min(...offersA) : 0;
      houseA[phase] = (houseA[phase] ?? 0) + side.drawA;
      if (side.drawA > 0) charging += 1;
    }
    const told: CarsTold = { houseA, charging, dutyAt: sides.map(({ dutyAt }) => dutyAt) };
    process.send?.(told);
  }, ROUND_MS);
}
