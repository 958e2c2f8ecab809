import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvseError, messageOf, StartRefused } from "../shared/errors.ts";
import { readEnvironment } from "../shared/process/environment.ts";
import { instancesOf, nodesOf, readSiteFile, type Site } from "../shared/site/site-file.ts";

/** Runs every node of a site as a process of its own, meeting on NATS: the site as on several gateways, for a look. */
const projectDir = join(import.meta.dirname, "..");
const NATS_SERVER = "/usr/sbin/nats-server";
const USER = "edge";

/**
 * What is ended together, one group after the other: charge points first, while their boards and NATS still answer; what
 * plays their boards last.
 */
const STOP_ORDER = ["points", "others", "simulator"] as const;
type StopGroup = (typeof STOP_ORDER)[number];

interface Child {
  readonly group: StopGroup;
  readonly process: ChildProcess;
}

const children: Child[] = [];
let stopping = false;

try {
  await run();
} catch (error) {
  process.stderr.write(
    `${error instanceof EvseError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  await stop(1);
}

async function run(): Promise<void> {
  const args = process.argv.slice(2);
  const environment = readEnvironment(args, process.env, projectDir);
  const site = readSiteFile(environment.siteFile);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));

  const nodes = nodesOf(site);
  const natsUrl = environment.natsUrl ?? (await startNats());
  process.stdout.write(`${nodes.length} processes: ${nodes.join(", ")}\n`);
  const width = Math.max(...nodes.map(node => node.length));
  for (const node of nodes) {
    const child = spawn(process.execPath, ["start.mjs", ...args], {
      cwd: projectDir,
      env: { ...process.env, NODE_ID: node, NATS_URL: natsUrl },
      // The channel tells the child when this process is gone, however it went.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Ctrl-C at a terminal would reach all of them at once; they are ended in order.
      detached: true,
    });
    children.push({ group: groupOf(site, node), process: child });
    for (const stream of [child.stdout, child.stderr]) if (stream) prefix(stream, node.padEnd(width));
    child.on("exit", (code, signal) => {
      if (stopping) return;
      process.stdout.write(
        `${node.padEnd(width)} | ended (${signal ?? `code ${code}`}); the others go on without it\n`,
      );
      if (!children.some(isAlive)) void stop(1);
    });
  }
}

function groupOf(site: Site, node: string): StopGroup {
  const services = instancesOf(site, node).map(({ service }) => service);
  if (services.some(service => service === "evse" || service === "pilot")) return "points";
  return services.includes("simulator") ? "simulator" : "others";
}

function isAlive({ process: { exitCode, signalCode } }: Child): boolean {
  return exitCode === null && signalCode === null;
}

/** A nats-server on a free loopback port, with a password nobody knows. */
async function startNats(): Promise<string> {
  if (!existsSync(NATS_SERVER)) {
    throw new StartRefused(
      `${NATS_SERVER} is missing; install it (apt-get install nats-server), or name a running server with NATS_URL=nats://user:password@host:4222`,
    );
  }
  const dir = mkdtempSync(join(tmpdir(), "edge-evse-nats-"));
  process.on("exit", () => {
    rmSync(dir, { recursive: true, force: true });
  });
  const password = randomBytes(18).toString("hex");
  const config = join(dir, "nats.conf");
  const text = `listen: "127.0.0.1:-1"
authorization { user: ${USER}, password: "${password}" }
jetstream { store_dir: ${JSON.stringify(dir)} }
`;
  writeFileSync(config, text, { mode: 0o600 });
  const server = spawn(NATS_SERVER, ["-c", config, "--ports_file_dir", dir], { stdio: "ignore", detached: true });
  process.on("exit", () => server.kill());
  server.on("error", error => {
    process.stderr.write(`nats-server: ${messageOf(error)}\n`);
  });
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
    const file = readdirSync(dir).find(name => name.endsWith(".ports"));
    const port =
      file === undefined ? undefined : /"nats:\/\/127\.0\.0\.1:(\d+)"/.exec(readFileSync(join(dir, file), "utf8"))?.[1];
    if (port !== undefined) {
      process.stdout.write(
        `nats-server on 127.0.0.1:${port}; to listen in: nats://${USER}:${password}@127.0.0.1:${port}\n`,
      );
      return `nats://${USER}:${password}@127.0.0.1:${port}`;
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new StartRefused("nats-server did not come up within 10 s");
}

function prefix(stream: NodeJS.ReadableStream, name: string): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) process.stdout.write(`${name} | ${line}\n`);
  });
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const group of STOP_ORDER) {
    const alive = children.filter(child => child.group === group && isAlive(child));
    const gone = Promise.all(alive.map(child => once(child.process, "exit")));
    for (const child of alive) child.process.kill("SIGTERM");
    await gone;
  }
  process.exit(code);
}
