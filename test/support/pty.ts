import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { until } from "./modbus-bench.ts";

/** Two ptys joined by socat: the path of one end, and an open port on the other. */
export async function ptyPair(
  t: { teardown(run: () => unknown): unknown },
  baudRate: number,
  serve: (port: SerialPort) => void,
): Promise<{ readonly path: string }> {
  const directory = mkdtempSync(join(tmpdir(), "edge-evse-pty-"));
  const [here, there] = [join(directory, "here"), join(directory, "there")];
  const cable = spawn("socat", [`pty,raw,echo=0,link=${here}`, `pty,raw,echo=0,link=${there}`], { stdio: "ignore" });
  await until(() => existsSync(here) && existsSync(there), "socat joins two ptys");
  const port = new SerialPort({ path: there, baudRate, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open(error => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  serve(port);
  t.teardown(async () => {
    if (port.isOpen) {
      await new Promise<void>(resolve => {
        port.close(() => resolve());
      });
    }
    await new Promise<void>(resolve => {
      cable.once("exit", () => resolve());
      cable.kill("SIGTERM");
    });
    rmSync(directory, { recursive: true, force: true });
  });
  return { path: here };
}
