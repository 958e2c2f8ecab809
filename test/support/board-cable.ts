import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { SerialPort } from "serialport";
import type { CabledBoard } from "./memory-link.ts";
import { until } from "./servers.ts";

/** Two ptys joined by socat, the board at the far end `there`. Answers how to pull the cable. */
export async function plugIntoSerial(
  board: Pick<CabledBoard, "connect" | "write">,
  here: string,
  there: string,
): Promise<() => Promise<void>> {
  const pty = (link: string): string => `pty,raw,echo=0,link=${link}`;
  const cable = spawn("socat", [pty(here), pty(there)], { stdio: "ignore" });
  await until("socat joins two ptys", () => existsSync(here) && existsSync(there), 15_000);
  const port = new SerialPort({ path: there, baudRate: 57_600, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open(error => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  const disconnect = board.connect(bytes => {
    if (port.isOpen) port.write(Buffer.from(bytes));
  });
  port.on("data", (bytes: Buffer) => board.write(bytes));
  // The far end of a pulled cable reports itself by `close` and has nothing to add.
  port.on("error", disconnect);
  return async () => {
    disconnect();
    if (port.isOpen) {
      await new Promise<void>(resolve => {
        port.close(() => resolve());
      });
    }
    await stop(cable);
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>(resolve => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
