import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { type Teardown, tempDir, until } from "./servers.ts";
import { BootLoader } from "./stk500.ts";

/** What avrdude sends first; anything else starts the firmware. */
const GET_SYNC = 0x30;
const BOOT_LOADER_WAITS_MS = 1_000;

/**
 * A virtual board behind a real pty with the boot loader of an Uno: opening the port resets it, the boot loader listens
 * for a second and then starts the firmware, unless it is spoken to.
 */
export interface FlashableBoard {
  readonly path: string;
  readonly board: VirtualBoard;
  readonly bootLoader: BootLoader;
  /** Whether there is a firmware at all. */
  hasFirmware: boolean;
  /** Waits until the port can be opened (again). */
  readonly idle: () => Promise<void>;
  /** Called when a boot loader has been left: what was flashed begins to run. */
  onFlashed: () => void;
}

export async function flashableBoard(t: Teardown): Promise<FlashableBoard> {
  const path = join(tempDir(t, "flash"), "board");
  const board = new VirtualBoard({ clock: systemClock });
  let socket: Socket | null = null;
  let unplug: () => void = () => undefined;
  const bootLoader = new BootLoader(
    bytes => void socket?.write(bytes),
    () => {
      self.hasFirmware = true;
      self.onFlashed();
      start();
    },
  );
  const self: FlashableBoard = { path, board, bootLoader, hasFirmware: true, onFlashed: () => undefined, idle };
  let mode: "waiting" | "boot" | "firmware" = "firmware";
  let waiting: NodeJS.Timeout | undefined;

  function start(): void {
    clearTimeout(waiting);
    mode = "firmware";
    if (!self.hasFirmware) return;
    unplug = board.connect(bytes => void socket?.write(bytes));
    board.reset();
  }

  function take(bytes: Uint8Array): void {
    if (mode === "waiting") {
      if (bytes[0] !== GET_SYNC) {
        start();
        if (self.hasFirmware) board.write(bytes);
        return;
      }
      clearTimeout(waiting);
      mode = "boot";
    }
    if (mode === "boot") bootLoader.feed(bytes);
    else if (self.hasFirmware) board.write(bytes);
  }

  async function idle(): Promise<void> {
    // Twice in a row: a line that is just being taken down looks free for a moment.
    for (let free = 0; free < 2; free++) {
      await new Promise(resolve => setTimeout(resolve, 60));
      await until("the line is laid", () => socket === null && existsSync(path));
    }
  }

  const server = createServer({ noDelay: true }, opened => {
    socket = opened;
    mode = "waiting";
    waiting = setTimeout(start, BOOT_LOADER_WAITS_MS);
    opened.on("data", take);
    // The end of the line says it all.
    opened.on("error", () => opened.destroy());
    opened.on("close", () => {
      clearTimeout(waiting);
      unplug();
      if (socket === opened) socket = null;
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  // socat ends when the port is closed; a new one makes the next opening a new connection, which is the reset.
  let ending = false;
  let line: ChildProcess | null = null;
  const lay = (): void => {
    if (ending) return;
    line = spawn("socat", [`pty,raw,echo=0,link=${path},wait-slave`, `tcp:127.0.0.1:${port}`], { stdio: "ignore" });
    line.on("exit", lay);
  };
  lay();
  t.teardown(async () => {
    ending = true;
    line?.kill("SIGTERM");
    socket?.destroy();
    clearTimeout(waiting);
    board.powerOff();
    await new Promise<void>(resolve => {
      server.close(() => {
        resolve();
      });
    });
  });
  await idle();
  return self;
}
