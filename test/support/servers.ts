import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What of tap the helpers need. */
export interface Teardown {
  teardown(run: () => unknown): unknown;
}

/** A real server of the machine, on loopback, with a port and a directory of its own. */
export interface Server {
  readonly port: number;
  readonly process: ChildProcess;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
}

export const NATS_USER = "edge";
/** With characters that a URL must escape: what is decoded wrongly shows at once. */
export const NATS_PASSWORD = "p@ss/w:rd";

export function natsUrl(port: number, user = NATS_USER, password = NATS_PASSWORD): string {
  return `nats://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}

/** Starts nats-server with user and password. Without a port it takes a free one; with a directory for it, JetStream is on; with a port for that, it tells its counts. */
export async function startNats(t: Teardown, port = -1, jetStreamDir?: string, monitorPort?: number): Promise<Server> {
  const dir = tempDir(t, "nats");
  const config = join(dir, "nats.conf");
  const jetStream = jetStreamDir === undefined ? "" : `jetstream { store_dir: ${JSON.stringify(jetStreamDir)} }\n`;
  writeFileSync(
    config,
    `listen: "127.0.0.1:${port}"\n${monitorPort === undefined ? "" : `http: "127.0.0.1:${monitorPort}"\n`}authorization { user: "${NATS_USER}", password: "${NATS_PASSWORD}" }\n${jetStream}`,
  );
  const child = start(t, "/usr/sbin/nats-server", ["-c", config, "--ports_file_dir", dir]);
  const actual = await until("nats-server tells its port", () => portOfNats(dir));
  await until("nats-server answers", () => answers(actual));
  return serverOf(child, actual);
}

/** Starts mosquitto with user and password. Without a port it takes a free one. */
export async function startMosquitto(t: Teardown, user = "evse", password = "secret", wantedPort = 0): Promise<Server> {
  const dir = tempDir(t, "mosquitto");
  const port = wantedPort === 0 ? ((await freePorts(1))[0] ?? 0) : wantedPort;
  const passwords = join(dir, "passwords");
  writeFileSync(passwords, `${user}:${password}\n`);
  await once(spawn("/usr/bin/mosquitto_passwd", ["-U", passwords], { stdio: "ignore" }), "exit");
  const config = join(dir, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}\nuser root\n`);
  const child = start(t, "/usr/sbin/mosquitto", ["-c", config]);
  await until("mosquitto answers", () => answers(port));
  return serverOf(child, port);
}

export const CHROMIUM = "/usr/bin/chromium";
export const CHROMIUM_FLAGS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A directory that is gone after the test. */
export function tempDir(t: Teardown, name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `evse-${name}-`));
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  return dir;
}

/** Below those that the system gives to outgoing connections: one of these could take a port before its server starts. */
const FIRST_PORT = 16_000;
const PORTS = 16_000;
/** Test processes that run at the same time begin far from each other. */
let nextPort = (process.pid * 61) % PORTS;

/** Ports that were free a moment ago, all different, and not given again by this process for a long time. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST_PORT + nextPort;
    nextPort = (nextPort + 1) % PORTS;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise(resolve => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Waits for a condition, generously: only its absence may fail a test, never a slow machine. */
export async function until<T>(
  what: string,
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  withinMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const seen = await probe();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    await new Promise(resolve => setTimeout(resolve, 25));
  }
  throw new Error(`waited ${withinMs / 1000} s in vain: ${what}`);
}

function start(t: Teardown, program: string, args: readonly string[]): ChildProcess {
  if (!existsSync(program)) throw new Error(`${program} is missing; npm test installs it`);
  const child = spawn(program, args, { stdio: "ignore" });
  t.teardown(() => endOf(child));
  return child;
}

function serverOf(child: ChildProcess, port: number): Server {
  return { port, process: child, kill: () => endOf(child) };
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

function portOfNats(dir: string): number | null {
  const file = readdirSync(dir).find(name => name.endsWith(".ports"));
  if (file === undefined) return null;
  const text = readFileSync(join(dir, file), "utf8");
  const url = /"(?:nats|tcp):\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1];
  return url === undefined ? null : Number(url);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Not yet; the caller asks again.
    return false;
  } finally {
    socket.destroy();
  }
}
