import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

export interface RedisServer {
  readonly url: string;
  /** Ends the server at once; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** For tests that are not about Redis being away: a machine that is busy is not a server that is gone. */
export const PATIENT = { connectMs: 30_000, answerMs: 30_000 } as const;

/** A real redis-server on a port of its own, durable before it acknowledges, as a site should run it. */
export async function startRedis(): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), "evse-redis-"));
  const port = await freePort();
  let child = await start(port, dir);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      child = await start(port, dir);
    },
    async remove() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function start(port: number, dir: string): Promise<ChildProcess> {
  const options = ["--bind", "127.0.0.1", "--port", String(port), "--dir", dir, "--save", ""];
  const child = spawn("redis-server", [...options, "--appendonly", "yes", "--appendfsync", "always"], {
    stdio: "ignore",
  });
  const failures: Error[] = [];
  child.once("error", error => failures.push(error));
  const probe = new Redis(port, "127.0.0.1", { retryStrategy: () => 30, maxRetriesPerRequest: null });
  probe.on("error", () => undefined);
  try {
    for (let tries = 0; tries < 100; tries++) {
      if (failures.length > 0)
        throw new Error("redis-server cannot be started; is it installed?", { cause: failures[0] });
      const answer = await Promise.race([probe.ping(), new Promise(resolve => setTimeout(resolve, 100, "none"))]);
      if (answer === "PONG") return child;
    }
    child.kill("SIGKILL");
    throw new Error(`redis-server on port ${port} does not answer`);
  } finally {
    probe.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
