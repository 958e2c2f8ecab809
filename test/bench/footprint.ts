/**
 * The whole demo site in one process: time from start to the first believed grant on both boards, then memory and CPU over
 * a minute of charging. Beside it a Moleculer node with one empty service.
 *
 *   npm run bench -- footprint
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { demoSiteFile } from "../support/demo-site.ts";
import { freePorts, type Teardown } from "../support/servers.ts";
import { type SiteProcess, startSite } from "../support/site-process.ts";
import { figuresOf, heading, row } from "./lib/samples.ts";

const STARTS = 5;
const OBSERVED_S = 60;
/** Linux counts CPU time in ticks of 10 ms. */
const TICK_MS = 10;

const cleanups: (() => unknown)[] = [];
const t: Teardown = { teardown: cleanup => void cleanups.unshift(cleanup) };

try {
  const starts: number[] = [];
  let site: SiteProcess | null = null;
  for (let i = 0; i < STARTS; i += 1) {
    const from = performance.now();
    site = await startDemoSite();
    // Both boards have answered the handshake, are configured, and live on grants.
    await Promise.all([site.says(/board is up evseId=left/), site.says(/board is up evseId=right/)]);
    starts.push((performance.now() - from) / 1_000);
    if (i < STARTS - 1) {
      site.signal("SIGINT");
      await site.ended;
    }
  }
  console.log(heading("start of the process to grants on both boards"));
  console.log(row("demo site", figuresOf(starts), "s", "aim <= 3"));
  const bareStarts: number[] = [];
  for (let i = 0; i < STARTS; i += 1) bareStarts.push((await bareNode()).startedS);
  console.log(row("  empty Moleculer node", figuresOf(bareStarts), "s"));

  if (site === null) throw new Error("no site was started");
  await site.says(/right: charging/, { withinMs: 90_000 });
  const demo = await observe(site.child.pid ?? 0);
  site.signal("SIGINT");
  await site.ended;
  const bare = await bareNode();
  console.log(`\nresident memory and CPU over ${OBSERVED_S} s, 2 charging points`);
  console.log(
    `demo site              ${demo.rssMb.toFixed(0).padStart(5)} MB  ${demo.cpuPct.toFixed(1).padStart(5)} % of a core   aim <= 150 MB, <= 5 %`,
  );
  console.log(`  empty Moleculer node ${bare.rssMb.toFixed(0).padStart(5)} MB`);
} finally {
  for (const cleanup of cleanups) await cleanup();
}

async function startDemoSite(): Promise<SiteProcess> {
  const { dir, siteFile } = await demoSiteFile(t);
  const [httpPort = 0] = await freePorts(1);
  return startSite(t, { siteFile, env: { HTTP_PORT: String(httpPort), DATA_DIR: join(dir, "data") } });
}

async function observe(pid: number): Promise<{ rssMb: number; cpuPct: number }> {
  const before = cpuMs(pid);
  let rssMb = 0;
  for (let s = 0; s < OBSERVED_S; s += 1) {
    await new Promise(resolve => setTimeout(resolve, 1_000));
    rssMb = Math.max(rssMb, rssOf(pid));
  }
  return { rssMb, cpuPct: (cpuMs(pid) - before) / (OBSERVED_S * 10) };
}

/** A node with the framework, a logger and one service: what the product stands on. */
async function bareNode(): Promise<{ startedS: number; rssMb: number }> {
  const program = `import { ServiceBroker } from "moleculer";
    const broker = new ServiceBroker({ logger: false });
    broker.createService({ name: "empty" });
    await broker.start();
    process.stdout.write("started");
    setInterval(() => undefined, 1_000);`;
  const from = performance.now();
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise(resolve => child.stdout.once("data", resolve));
  const startedS = (performance.now() - from) / 1_000;
  const rssMb = rssOf(child.pid ?? 0);
  child.kill("SIGKILL");
  return { startedS, rssMb };
}

function rssOf(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb) / 1_024;
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
