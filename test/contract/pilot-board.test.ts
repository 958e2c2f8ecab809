import { join } from "node:path";
import t from "tap";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { serialLink } from "../../services/pilot/drivers/link-serial.ts";
import { tcpLink } from "../../services/pilot/drivers/link-tcp.ts";
import { serveBoard } from "../../services/simulator/board/tcp-board.ts";
import { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { plugIntoSerial } from "../support/board-cable.ts";
import { MemoryCable } from "../support/memory-link.ts";
import { freePorts, tempDir, until } from "../support/servers.ts";
import { pilotBoardSuite } from "./pilot-board.suite.ts";

pilotBoardSuite(t, "in memory", async () => {
  const clock = new ManualClock();
  const board = new VirtualBoard({ clock });
  const cable = new MemoryCable(board);
  return {
    open: firmataBoard({ openLink: cable.open, cpDisconnectPin: 5 }),
    board,
    async until(holds, what) {
      for (let ms = 0; !holds(); ms += 10) {
        if (ms > 10_000) throw new Error(`waited 10 simulated seconds for ${what}`);
        await clock.advanceAsync(10);
      }
    },
    unplug: async () => cable.pull(),
    replug: async () => cable.plugIn(),
  };
});

/** Waits in real time: for the parts that have no other. */
const patiently = async (holds: () => boolean, what: string): Promise<void> => {
  await until(what, holds, 15_000);
};

pilotBoardSuite(t, "over TCP", async t => {
  const board = new VirtualBoard({ clock: systemClock });
  const [port = 0] = await freePorts(1);
  let served = await serveBoard({ board, port });
  t.teardown(async () => {
    await served.close();
    board.powerOff();
  });
  return {
    open: firmataBoard({ openLink: tcpLink({ host: "127.0.0.1", port }), cpDisconnectPin: 5 }),
    board,
    until: patiently,
    unplug: () => served.close(),
    async replug() {
      served = await serveBoard({ board, port });
    },
  };
});

pilotBoardSuite(t, "over a serial line", async t => {
  const board = new VirtualBoard({ clock: systemClock });
  const directory = tempDir(t, "pilot-line");
  const [here, there] = [join(directory, "host"), join(directory, "board")];
  let pull = await plugIntoSerial(board, here, there);
  t.teardown(async () => {
    await pull();
    board.powerOff();
  });
  return {
    open: firmataBoard({ openLink: serialLink({ path: here, baudRate: 57_600 }), cpDisconnectPin: 5 }),
    board,
    until: patiently,
    unplug: () => pull(),
    async replug() {
      pull = await plugIntoSerial(board, here, there);
    },
  };
});
