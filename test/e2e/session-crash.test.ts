import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { openHistory } from "../../services/history/drivers/sqlite-history.ts";
import type { StoredSession } from "../../shared/contracts/history.ts";
import { startDemo } from "../support/demo-site.ts";
import { tempDir, until } from "../support/servers.ts";

const KILLS = 40;
/** A kill comes so many sessions after the start at the most, however long they take here, and some milliseconds later. */
const WITHIN_SESSIONS = 40;
const THEN_MS = 4;

t.setTimeout(900_000);

t.test(`killed ${KILLS} times while sessions end: every one that was written down is in history, once`, async t => {
  const dir = tempDir(t, "sessions");
  const writer = new URL("../support/history-writer.ts", import.meta.url).pathname;
  let ended = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const child = spawn(process.execPath, ["--no-warnings", writer, dir], { stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    let complaints = "";
    // Spread over the window without a random number: a failed run is the same again.
    const killAfterLines = 1 + ((kill * 7) % WITHIN_SESSIONS);
    let timer: NodeJS.Timeout | undefined;
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.split("\n").length > killAfterLines)
        timer ??= setTimeout(() => child.kill("SIGKILL"), kill % THEN_MS);
    });
    child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
    await once(child, "close");
    clearTimeout(timer);
    if (child.signalCode !== "SIGKILL") throw new Error(`the writer ended by itself: ${complaints}`);
    const lines = printed.split("\n").slice(0, -1);
    const [first, ...rest] = lines.map(line => JSON.parse(line) as { found?: number; ended?: number });
    t.ok((first?.found ?? -1) >= ended, `kill ${kill}: ${String(first?.found)} found, ${ended} had been written down`);
    ended = rest.at(-1)?.ended ?? first?.found ?? ended;
  }
  t.ok(ended > KILLS, `${ended} sessions`);
  const history = openHistory(dir);
  t.teardown(() => history.close());
  const energies: number[] = [];
  let after: string | null = null;
  do {
    const page = history.sessions({ evseId: "left", from: null, to: null, order: "oldest-first", limit: 500, after });
    energies.push(...page.sessions.map(({ session }) => session.energyWh));
    after = page.next;
  } while (after !== null);
  t.ok(energies.length >= ended - 1 && energies.length <= ended);
  t.strictSame(
    energies,
    energies.map((_energy, index) => index + 1),
    "none is missing, none stands there twice",
  );
});

interface Shown {
  readonly points: readonly {
    readonly id: string;
    readonly status: {
      readonly state: string;
      readonly session: {
        readonly sessionId: string;
        readonly energyWh: number;
        readonly interruptions: number;
      } | null;
    } | null;
  }[];
}

t.test(
  "kill -9 of the whole site while a car charges: the same session goes on, and history has it at its end [11-R1]",
  async t => {
    const demo = await startDemo(t);
    const left = async () => {
      const view = (await (await fetch(`${demo.url}/api/v1/site`)).json()) as Shown;
      return view.points.find(point => point.id === "left")?.status ?? null;
    };
    const charging = (what: string, more: number) =>
      until(
        what,
        async () => {
          const status = await left();
          return status?.state === "C2" && (status.session?.energyWh ?? 0) > more ? status.session : null;
        },
        90_000,
      );
    const before = await charging("left charges", 3);
    demo.site().signal("SIGKILL");
    await demo.restart();
    // The simulated meter begins at its own register again, as one that was replaced: the session is told, not the energy.
    const back = await until("the session is back", async () => (await left())?.session ?? null, 60_000);
    t.equal(back.sessionId, before.sessionId);
    t.equal(back.interruptions, 1);
    await charging("left charges again", 0);
    const response = await fetch(`${demo.url}/api/v1/simulator/command`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ words: "unplug left" }),
    });
    t.equal(response.status, 200);
    const stored = await until("history has the session", async () => {
      const answer = await fetch(`${demo.url}/api/v1/sessions?point=left`);
      const { sessions } = (await answer.json()) as { sessions: StoredSession[] };
      return sessions.find(({ session }) => session.sessionId === before.sessionId);
    });
    t.match(stored, { number: 1, evseId: "left", session: { stopReason: "unplugged", interruptions: 1 } });
  },
);
