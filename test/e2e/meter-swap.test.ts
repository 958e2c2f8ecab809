import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import modbus from "modbus-serial";
import t, { type Test } from "tap";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { MeterReading, MeterStatus } from "../../shared/contracts/meter.ts";
import { freePorts, natsUrl, startNats, tempDir, until } from "../support/servers.ts";
import { type SiteProcess, startSite } from "../support/site-process.ts";
import { lookOn } from "../support/spread-site.ts";

// Real time, real processes: waits are generous; the limit of the connection is held to its bound all the time.
t.setTimeout(900_000);

const MAINS_A = 25;
/** What a 25 A fuse carries for hours; a car that reacts to a new limit passes it for a moment at most. */
const PERMITTED_A = 1.1 * MAINS_A;
const NODES = ["sim", "settings", "balancer", "left", "cars", "api", "mains"] as const;
type Node = (typeof NODES)[number];

interface Ports {
  readonly http: number;
  readonly meters: number;
  readonly cars: number;
  readonly board: number;
}

function siteText({ http, meters, cars, board }: Ports, mainsDriver: string): string {
  return `
site: swap
chargePoints: [{ id: left, serial: 30001 }]
lines:
  meters: { kind: tcp, host: 127.0.0.1, port: ${meters} }
  cars: { kind: tcp, host: 127.0.0.1, port: ${cars} }
services:
  - { service: settings, node: settings }
  - { service: balancer, node: balancer }
  - { service: api, node: api, port: ${http} }
  - { service: meter, id: mains, node: mains, role: mains, driver: ${mainsDriver} }
  - { service: meter, id: ev-left, node: cars, role: ev, evseId: left, driver: { kind: setting, line: cars } }
  - { service: evse, id: left, node: left }
  - { service: pilot, id: left, node: left, link: { kind: tcp, port: ${board} } }
  - service: simulator
    node: sim
    boards: { left: { port: ${board} } }
    meters:
      - { role: mains, port: ${meters}, unit: 10 }
      - { role: ev, evseId: left, port: ${cars}, unit: 12 }
    house: { kind: quiet, baseA: 13 }
    cars: { left: { kind: ev3p16, plugAfterS: 0 } }
settings:
  site: { current_main: ${MAINS_A}, current_max_circuit: ${MAINS_A}, mains_meter: 4, mains_meter_address: 10 }
  points: { left: { mode: 1, current_max: 16, ev_meter: 4, ev_meter_address: 12 } }
`;
}

/** What really flows through the connection: asked of the simulated meter itself, ten times a second. */
function watchMains(t: Test, port: number): { readonly currents: () => readonly number[] | null; worst(): number } {
  const client = new modbus.default();
  let last: readonly number[] | null = null;
  let worst = 0;
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void look().finally(() => {
      busy = false;
    });
  }, 100);
  async function look(): Promise<void> {
    try {
      if (!client.isOpen) {
        await client.connectTCP("127.0.0.1", { port });
        client.setTimeout(1_000);
        client.setID(10);
      }
      const { buffer } = await client.readInputRegisters(0x06, 6);
      last = [0, 4, 8].map(at => buffer.readFloatBE(at));
      worst = Math.max(worst, ...last);
    } catch {
      // The simulated site is not up yet; it is asked again.
      client.close(() => undefined);
    }
  }
  t.teardown(() => {
    clearInterval(timer);
    client.close(() => undefined);
  });
  return { currents: () => last, worst: () => worst };
}

t.test("the mains meter is changed in the menu, then replaced by other programs, while a car charges", async t => {
  const nats = await startNats(t);
  const dir = tempDir(t, "swap");
  const [http = 0, meters = 0, cars = 0, board = 0] = await freePorts(4);
  const ports = { http, meters, cars, board };
  const files = { menu: join(dir, "menu.yaml"), nats: join(dir, "nats.yaml") };
  writeFileSync(files.menu, siteText(ports, "{ kind: setting, line: meters }"));
  writeFileSync(files.nats, siteText(ports, "{ kind: nats }"));
  const url = natsUrl(nats.port);
  const start = (node: Node, siteFile: string): SiteProcess =>
    startSite(t, { siteFile, env: { NODE_ID: node, NATS_URL: url, DATA_DIR: join(dir, "data") } });
  const processes = new Map(NODES.map(node => [node, start(node, files.menu)]));

  const onlooker = await lookOn(t, nats.port);
  const status = () => onlooker.last("edge.swap.evse.left.status") as EvseStatus | undefined;
  const reading = () => onlooker.last("edge.swap.meter.mains.reading") as MeterReading | undefined;
  const meter = () => onlooker.last("edge.swap.meter.mains.status") as MeterStatus | undefined;
  const mains = watchMains(t, meters);
  const reasons = new Set<string>();
  onlooker.nats.subscribe("edge.swap.evse.left.status", {
    callback: (error, message) => {
      if (error === null) reasons.add(message.json<EvseStatus>().boundBy);
    },
  });
  const charges = () => (status()?.offerA ?? 0) >= 6 && Math.min(...(mains.currents() ?? [0])) > 18;

  await until("the car charges under the limit of the mains", charges, 120_000);

  await t.test("MAINS MET goes from Eastron3P to API and back, and the car goes on", async t => {
    const set = async (value: number): Promise<void> => {
      const response = await fetch(`http://127.0.0.1:${http}/api/v1/settings`, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ changes: [{ key: "mains_meter", value }] }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    };
    await set(9);
    await until("the meter waits for its feed", () => meter()?.typeLabel === "API");
    reasons.clear();
    await until("the gap is named", () => reasons.has("mains-silent"), 30_000);
    t.ok((status()?.offerA ?? 0) <= 6, `offer ${status()?.offerA} A while nobody knows what flows`);
    const feeding = setInterval(() => {
      const [l1 = 0, l2 = 0, l3 = 0] = (mains.currents() ?? []).map(amps => Math.round(10 * amps));
      // A feeder that is refused once feeds again; what matters is seen at the charge point.
      fetch(`http://127.0.0.1:${http}/currents?L1=${l1}&L2=${l2}&L3=${l3}`, { method: "POST" }).catch(() => undefined);
    }, 500);
    t.teardown(() => clearInterval(feeding));
    await until("fed, the car charges", charges, 120_000);
    await set(4);
    await until("the line is read again", () => meter()?.typeLabel === "Eastron3P" && meter()?.state === "ok");
    clearInterval(feeding);
    await until("and the car charges", charges, 120_000);
  });

  /** A program of `examples/meters` that reads the same meter in its own way. */
  const programs: ChildProcess[] = [];
  function foreign(command: string, file: string): ChildProcess {
    const env = { PATH: process.env["PATH"], NATS_URL: url, SITE: "swap", MODBUS: `127.0.0.1:${meters}`, UNIT: "10" };
    const child = spawn(command, [join("examples/meters", file)], {
      cwd: join(import.meta.dirname, "../.."),
      env,
      stdio: "ignore",
    });
    programs.push(child);
    return child;
  }
  t.teardown(async () => {
    for (const child of programs.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
  });

  await t.test("the meter's process is killed, and another implementation takes its place", async t => {
    reasons.clear();
    processes.get("mains")?.signal("SIGKILL");
    await until("the gap is named", () => reasons.has("mains-silent"), 30_000);
    t.match(status()?.reason, /mains/i, status()?.reason ?? "");
    processes.set("mains", start("mains", files.nats));
    foreign("python3", "meter.py");
    await until("the foreign meter is heard", () => meter()?.typeLabel === "NATS" && meter()?.state === "ok", 60_000);
    await until("the car charges", charges, 120_000);
  });

  await t.test("the foreign program is exchanged for another one, in another language", async t => {
    const before = reading()?.sequence ?? 0;
    programs[0]?.kill("SIGKILL");
    foreign(process.execPath, "meter.ts");
    await until("new samples come", () => (reading()?.sequence ?? 0) > before + 5, 60_000);
    await until("the car charges", charges, 120_000);
    t.equal(meter()?.state, "ok");
  });

  for (const [node, { child }] of processes) t.equal(child.exitCode, null, `${node} was not restarted`);
  t.ok(mains.worst() > 20, `the limit was in reach: up to ${mains.worst().toFixed(1)} A`);
  t.ok(mains.worst() <= PERMITTED_A, `never more than ${mains.worst().toFixed(1)} A through ${MAINS_A} A`);
});
