import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import type { LineAddress } from "../../services/meter/drivers/modbus-wire.ts";
import type { MeterDriver, MeterSpec, Sample } from "../../services/meter/meter.port.ts";
import { eastron3P, type MeterValues } from "../../services/simulator/meters/eastron.ts";
import { ModbusSlave, type RegisterMap } from "../../services/simulator/meters/modbus-slave.ts";
import { type Instant, systemClock } from "../../shared/time/clock.ts";

/** Where an Eastron's currents begin. */
const FIRST_LIVE_REGISTER = 0x06;

interface Teardown {
  teardown(run: () => unknown): unknown;
}

/** Waits until something holds; the limit is for a broken test, not for a slow machine. */
export async function until(holds: () => boolean, what: string, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise<void>(resolve => {
      setTimeout(resolve, 2);
    });
  }
}

/** A slave on real TCP. */
export async function tcpSlave(t: Teardown): Promise<{ slave: ModbusSlave; address: LineAddress & { kind: "tcp" } }> {
  const slave = new ModbusSlave(systemClock);
  const port = await slave.listen(0);
  t.teardown(() => slave.close());
  return { slave, address: { kind: "tcp", host: "127.0.0.1", port } };
}

/** A slave behind a gateway that passes serial frames on over real TCP. */
export async function rtuTcpSlave(
  t: Teardown,
  baudRate: number,
): Promise<{ slave: ModbusSlave; address: LineAddress & { kind: "rtu-tcp" } }> {
  const slave = new ModbusSlave(systemClock);
  const port = await slave.listenRtu(0, baudRate);
  t.teardown(() => slave.close());
  return { slave, address: { kind: "rtu-tcp", host: "127.0.0.1", port, baudRate } };
}

/** A slave at the other end of a real serial line: two ptys joined by socat, paced at the baud rate. */
export async function serialSlave(
  t: Teardown,
  baudRate: number,
): Promise<{
  slave: ModbusSlave;
  address: LineAddress & { kind: "serial" };
  unplug: () => Promise<void>;
  replug: () => Promise<void>;
}> {
  const directory = mkdtempSync(join(tmpdir(), "edge-evse-line-"));
  const [here, there] = [join(directory, "master"), join(directory, "slave")];
  const slave = new ModbusSlave(systemClock);
  let cable: ChildProcess | null = null;
  let port: SerialPort | null = null;

  async function replug(): Promise<void> {
    const pty = (link: string): string => `pty,raw,echo=0,link=${link}`;
    cable = spawn("socat", [pty(here), pty(there)], { stdio: "ignore" });
    await until(() => existsSync(here) && existsSync(there), "socat joins two ptys");
    const opened = new SerialPort({ path: there, baudRate, autoOpen: false });
    await new Promise<void>((resolve, reject) => {
      opened.open(error => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    // The end of the cable reports itself by `close`; nothing else is expected of it.
    opened.on("error", () => undefined);
    slave.serveRtu(opened, baudRate);
    port = opened;
  }

  async function unplug(): Promise<void> {
    const [wire, end] = [cable, port];
    cable = null;
    port = null;
    if (end?.isOpen === true) {
      await new Promise<void>(resolve => {
        end.close(() => resolve());
      });
    }
    if (wire !== null && wire.exitCode === null) {
      await new Promise<void>(resolve => {
        wire.once("exit", () => resolve());
        wire.kill("SIGTERM");
      });
    }
  }

  await replug();
  t.teardown(async () => {
    await unplug();
    await slave.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const address = { kind: "serial", path: here, baudRate, parity: "none", stopBits: 1 } as const;
  return { slave, address, unplug, replug };
}

/** Values of one phase current that a person can recognise, at 230 V, with import on every phase. */
export function carrying(amps: number): MeterValues {
  const watts = amps * 230;
  return {
    currentA: { l1: amps, l2: amps, l3: amps },
    powerW: { l1: watts, l2: watts, l3: watts },
    importWh: 1_000_000,
    exportWh: 5_000,
  };
}

/** An Eastron whose values can be changed. */
export function eastronShowing(values: { now: MeterValues }): RegisterMap {
  return eastron3P(() => values.now);
}

/** An Eastron whose every live answer shows another whole number of amperes, and remembers when and under what fault. */
export class CountingEastron {
  readonly measured = new Map<number, { readonly at: Instant; readonly fault: string | null }>();
  /** Name of the fault that is set on the slave. */
  fault: string | null = null;
  #amps = 0;

  readonly registers: RegisterMap = (fn, address) => {
    if (address === FIRST_LIVE_REGISTER) {
      this.#amps += 1;
      this.measured.set(this.#amps, { at: systemClock.now(), fault: this.fault });
    }
    return eastron3P(() => carrying(this.#amps))(fn, address);
  };

  /** What is wrong with a sample; null: it is one of the answers, whole and not made younger. */
  wrongWith({ currentA, sampledAt }: Sample): string | null {
    const shown = this.measured.get(currentA.l1);
    if (shown === undefined || currentA.l2 !== currentA.l1 || currentA.l3 !== currentA.l1) {
      return `${JSON.stringify(currentA)} was never measured`;
    }
    return sampledAt <= shown.at ? null : `${currentA.l1} A was measured ${sampledAt - shown.at} ms before its time`;
  }
}

/** What a started driver has said so far. */
export function listenTo(driver: MeterDriver): { samples: Sample[]; problems: string[] } {
  const heard = { samples: [] as Sample[], problems: [] as string[] };
  driver.start({
    sample: sample => heard.samples.push(sample),
    problem: words => heard.problems.push(words),
  });
  return heard;
}

/** A Modbus meter as a site would have it. */
export function eastronAt(address: number, over: Partial<MeterSpec> = {}): MeterSpec & { kind: "modbus" } {
  const mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] } as const;
  return {
    role: "mains",
    pollMs: 100,
    mounting,
    ...over,
    kind: "modbus",
    meter: "eastron_sdm630",
    custom: null,
    address,
    line: null,
  };
}
