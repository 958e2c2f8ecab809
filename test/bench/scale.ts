/**
 * A large site over a real NATS server: core (settings, balancer, limits, mains meter), points in processes of up to 50
 * (charge point, pilot and EV meter of each), api; every process is the product as it is started on a gateway. Boards, cars
 * and meters are simulated in processes of their own, on real TCP, and counted apart: on a real site they are hardware.
 *
 *   npm run bench -- scale                                      # 8, 50, 100, 200 points
 *   npx edge-evse node test/bench/scale.ts 200 [--prof DIR]     # one size, with CPU profiles of every process
 */
import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect, type NatsConnection } from "nats";
import { eastron3P } from "../../services/simulator/meters/eastron.ts";
import { ModbusSlave } from "../../services/simulator/meters/modbus-slave.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import type { BalancerStatus } from "../../shared/contracts/balancer.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { freePorts, natsUrl, startNats, type Teardown, tempDir } from "../support/servers.ts";
import { type SiteProcess, startSite } from "../support/site-process.ts";
import { type Figures, figuresOf } from "./lib/samples.ts";
import type { CarsOrder, CarsTold } from "./lib/scale-cars.ts";
import { fuseA, HOUSE_A, MAINS_UNIT, nodesOf, POINTS_PER_PROCESS, scaleSiteText, unitOf } from "./lib/scale-site.ts";

const { values: options, positionals } = parseArgs({
  options: { prof: { type: "string" }, window: { type: "string", default: "30" } },
  allowPositionals: true,
});
const SIZES = positionals.length > 0 ? positionals.map(Number) : [8, 50, 100, 200];
const WINDOW_S = Number(options.window);
/** All cars are given this long to charge. */
const START_S = 120;
const SETTLE_S = 15;
/** The house takes more, so that every offer falls by about as much with the next sample; so often. */
const CUT_A = 0.6;
const CUTS = 5;
const CUT_EVERY_MS = 4_000;
/** Linux counts CPU time in ticks of 10 ms. */
const TICK_MS = 10;

interface Outcome {
  readonly points: number;
  readonly charging: number;
  readonly startedS: number;
  readonly cycleMs: Figures;
  readonly decisionMs: Figures;
  readonly offerMs: Figures;
  readonly messagesInPerS: number;
  readonly messagesOutPerS: number;
  /** % of a core, by process. */
  readonly cpu: ReadonlyMap<string, number>;
}

const outcomes: Outcome[] = [];
for (const points of SIZES) {
  const cleanups: (() => unknown)[] = [];
  try {
    const outcome = await measure({ teardown: cleanup => void cleanups.unshift(cleanup) }, points);
    outcomes.push(outcome);
    tell(outcome);
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}
compare(outcomes);
process.exit(outcomes.every(({ points, charging }) => charging === points) ? 0 : 1);

async function measure(t: Teardown, points: number): Promise<Outcome> {
  const groups = Math.ceil(points / POINTS_PER_PROCESS);
  const [http = 0, mains = 0, monitor = 0, ...more] = await freePorts(3 + groups + points);
  const ports = { http, mains, lines: more.slice(0, groups), boards: more.slice(groups) };
  const dir = tempDir(t, "scale");
  const siteFile = join(dir, "site.yaml");
  writeFileSync(siteFile, scaleSiteText(points, ports));

  const cars = ports.lines.map((line, group) => startCars(t, line, group, points, ports.boards));
  const meter = mainsMeter(t, () => sumOf(cars.map(({ told }) => told()?.houseA)));
  await meter.slave.listen(mains, "127.0.0.1");
  const nats = await startNats(t, -1, undefined, monitor);
  const processes = new Map<string, number>([["nats-server", nats.process.pid ?? 0]]);
  const site: SiteProcess[] = [];
  for (const node of nodesOf(points)) {
    const env = { NODE_ID: node, NATS_URL: natsUrl(nats.port), DATA_DIR: join(dir, "data"), LOG_FORMAT: "json" };
    const profiled = options.prof === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.prof}` };
    const started = startSite(t, { siteFile, env: { ...env, ...profiled } });
    site.push(started);
    processes.set(node, started.child.pid ?? 0);
  }
  cars.forEach(({ pid }, group) => processes.set(`(boards and cars ${group})`, pid));
  processes.set("(mains meter, bench)", process.pid);

  const charging = (): number => cars.reduce((sum, { told }) => sum + (told()?.charging ?? 0), 0);
  const from = performance.now();
  while (charging() < points && performance.now() - from < START_S * 1_000) {
    await wait(250);
    const ended = site.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (ended !== undefined) throw new Error(`a process ended by itself:\n${ended.said().slice(-2_000)}`);
  }
  const startedS = (performance.now() - from) / 1_000;
  await wait(SETTLE_S * 1_000);

  const onlooker = await connect(natsOptions(natsUrl(nats.port)));
  t.teardown(() => onlooker.close());
  if (charging() < points) await tellWhy(onlooker);
  const cycles: number[] = [];
  const decisions: number[] = [];
  let lastAt = 0;
  onlooker.subscribe("edge.scale.balancer.site.status", {
    callback: (_error, message) => {
      const at = performance.now();
      if (lastAt > 0) cycles.push(at - lastAt);
      lastAt = at;
      decisions.push(message.json<BalancerStatus>().decisionMs);
    },
  });
  const before = await countsOf(monitor, processes);
  await wait(WINDOW_S * 1_000);
  const after = await countsOf(monitor, processes);
  const steadyCharging = charging();

  const offers: number[] = [];
  for (let cut = 1; cut <= CUTS; cut += 1) {
    for (const { watch } of cars) watch();
    meter.step(HOUSE_A + Math.ceil(points / 3) * CUT_A * cut);
    await wait(CUT_EVERY_MS);
    const shownAt = meter.shownAt();
    const changed = cars.flatMap(({ told }) => told()?.dutyAt ?? []).filter(at => at >= shownAt);
    for (const at of changed) offers.push(at - shownAt);
  }
  for (const one of site) one.signal("SIGINT");
  await Promise.all(site.map(({ ended }) => ended));

  const seconds = (after.atMs - before.atMs) / 1_000;
  return {
    points,
    charging: steadyCharging,
    startedS,
    cycleMs: figuresOf(cycles),
    decisionMs: figuresOf(decisions),
    offerMs: figuresOf(offers),
    messagesInPerS: (after.inMessages - before.inMessages) / seconds,
    messagesOutPerS: (after.outMessages - before.outMessages) / seconds,
    cpu: new Map(
      [...after.cpuMs].map(([name, ms]) => [name, (ms - (before.cpuMs.get(name) ?? 0)) / seconds / 10] as const),
    ),
  };
}

/** Why the others do not charge, in their own words. */
async function tellWhy(onlooker: NatsConnection): Promise<void> {
  const said = new Map<string, string>();
  const statuses = onlooker.subscribe("edge.scale.evse.*.status", {
    callback: (_error, message) => {
      const { evseId, state, reason, faults } = message.json<EvseStatus>();
      said.set(evseId, `${state}, ${reason.replaceAll(/\d+/g, "n")}${faults.length > 0 ? ` (${faults.join()})` : ""}`);
    },
  });
  await wait(3_000);
  statuses.unsubscribe();
  const counts = new Map<string, number>();
  for (const words of said.values()) counts.set(words, (counts.get(words) ?? 0) + 1);
  for (const [words, count] of [...counts].sort(([, a], [, b]) => b - a)) console.log(`${count} points: ${words}`);
}

/** Boards, cars and meters of one group of points. */
function startCars(
  t: Teardown,
  line: number,
  group: number,
  points: number,
  boards: readonly number[],
): { readonly pid: number; readonly told: () => CarsTold | null; readonly watch: () => void } {
  const first = group * POINTS_PER_PROCESS;
  const child = fork(join(import.meta.dirname, "lib/scale-cars.ts"));
  t.teardown(() => child.kill("SIGKILL"));
  let told: CarsTold | null = null;
  child.on("message", message => {
    told = message as CarsTold;
  });
  const order: CarsOrder = {
    line,
    cars: boards.slice(first, Math.min(points, first + POINTS_PER_PROCESS)).map((board, place) => {
      return { board, unit: unitOf(first + place), phase: (first + place) % 3 };
    }),
  };
  child.send(order);
  return { pid: child.pid ?? 0, told: () => told, watch: () => child.send("watch duties") };
}

/** The mains meter, which shows the house and what the cars draw; it knows when it first showed a new load of the house. */
function mainsMeter(t: Teardown, carsA: () => readonly [number, number, number]) {
  const slave = new ModbusSlave(systemClock);
  t.teardown(() => slave.close());
  let houseA = HOUSE_A;
  let shownAt: number | null = 0;
  slave.add(
    MAINS_UNIT,
    eastron3P(() => {
      shownAt ??= nowMs();
      const [l1, l2, l3] = carsA();
      const currentA = { l1: l1 + houseA, l2: l2 + houseA, l3: l3 + houseA };
      const powerW = { l1: currentA.l1 * 230, l2: currentA.l2 * 230, l3: currentA.l3 * 230 };
      return { currentA, powerW, importWh: 0, exportWh: 0 };
    }),
  );
  return {
    slave,
    step(toA: number): void {
      houseA = toA;
      shownAt = null;
    },
    shownAt: () => shownAt ?? Number.POSITIVE_INFINITY,
  };
}

interface Counts {
  readonly atMs: number;
  readonly inMessages: number;
  readonly outMessages: number;
  readonly cpuMs: ReadonlyMap<string, number>;
}

async function countsOf(monitorPort: number, processes: ReadonlyMap<string, number>): Promise<Counts> {
  const response = await fetch(`http://127.0.0.1:${monitorPort}/varz`);
  const { in_msgs, out_msgs } = (await response.json()) as { in_msgs: number; out_msgs: number };
  const cpuMs = new Map([...processes].map(([name, pid]) => [name, cpuMsOf(pid)] as const));
  return { atMs: performance.now(), inMessages: in_msgs, outMessages: out_msgs, cpuMs };
}

function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Simulated hardware stands in brackets. */
function productCpu({ cpu }: Outcome): number {
  return [...cpu].reduce((sum, [name, pct]) => sum + (name.startsWith("(") ? 0 : pct), 0);
}

function tell(outcome: Outcome): void {
  const { points, charging, startedS, cpu } = outcome;
  const figures = (name: string, { p50, p99, max, n }: Figures): string =>
    `  ${name.padEnd(40)} p50 ${p50.toFixed(1)}  p99 ${p99.toFixed(1)}  max ${max.toFixed(1)} ms  n=${n}`;
  const total = [...cpu.values()].reduce((sum, pct) => sum + pct, 0);
  console.log(
    `\n${points} points, fuse ${fuseA(points)} A: ${charging} charge, ${startedS.toFixed(0)} s after the start`,
  );
  console.log(figures("balancer, from status to status", outcome.cycleMs));
  console.log(figures("longest decision of each second", outcome.decisionMs));
  console.log(figures("mains reply to new duty at the board", outcome.offerMs));
  console.log(
    `  NATS: ${outcome.messagesInPerS.toFixed(0)} messages/s in (${(outcome.messagesInPerS / points).toFixed(1)} a point), ${outcome.messagesOutPerS.toFixed(0)} out`,
  );
  for (const [name, pct] of cpu) console.log(`  ${name.padEnd(40)} ${pct.toFixed(1).padStart(6)} % of a core`);
  console.log(
    `  ${"product and NATS".padEnd(40)} ${productCpu(outcome).toFixed(1).padStart(6)} %, all ${total.toFixed(1)} %`,
  );
}

function compare(all: readonly Outcome[]): void {
  console.log("\ncost per point: CPU of product and NATS, ms a second");
  const costOf = (outcome: Outcome): number => (productCpu(outcome) * 10) / outcome.points;
  for (const outcome of all)
    console.log(`  ${String(outcome.points).padStart(4)} points ${costOf(outcome).toFixed(2)} ms`);
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined || first === last) return;
  console.log(`  ratio ${last.points} : ${first.points}   ${(costOf(last) / costOf(first)).toFixed(2)}`);
}

function sumOf(all: readonly (readonly [number, number, number] | undefined)[]): readonly [number, number, number] {
  const sum = [0, 0, 0] as [number, number, number];
  for (const one of all) one?.forEach((value, phase) => (sum[phase] = (sum[phase] ?? 0) + value));
  return sum;
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function wait(ms: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, ms));
}
