import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";

const KILLS = 200;
/** Killed after so many writes at the most, however long they take here, and at a random moment of the next ones. */
const WITHIN_WRITES = 12;
const THEN_MS = 5;
/** Every tenth kill comes within this time of the start instead: while the file is being opened and recovered. */
const WHILE_STARTING_MS = 150;
const SEED = Number(process.env["SEED"] ?? 20_260_101);

interface Line {
  readonly found?: number;
  readonly username?: string;
  readonly idTag?: string;
  readonly acknowledged?: number;
}

/** Starts the writer, kills it at a random moment, and returns the complete lines it has printed. */
async function writeUntilKilled(dir: string, whileStarting: boolean, random: () => number): Promise<readonly Line[]> {
  const writer = new URL("../support/settings-writer.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--no-warnings", writer, dir], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let complaints = "";
  const killAfterLines = whileStarting ? 0 : 1 + Math.floor(random() * WITHIN_WRITES);
  const thenMs = random() * (whileStarting ? WHILE_STARTING_MS : THEN_MS);
  let timer: NodeJS.Timeout | undefined;
  const killSoon = (): void => {
    timer ??= setTimeout(() => child.kill("SIGKILL"), thenMs);
  };
  if (whileStarting) killSoon();
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.split("\n").length > killAfterLines) killSoon();
  });
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  await once(child, "close");
  clearTimeout(timer);
  if (child.signalCode !== "SIGKILL") throw new Error(`the writer ended by itself: ${complaints}`);
  return printed
    .split("\n")
    .slice(0, -1)
    .map(line => JSON.parse(line) as Line);
}

t.setTimeout(900_000);
// Two directories at once: most of the time goes into starting processes.
t.jobs = 2;

for (const [index, dirName] of ["one", "two"].entries()) {
  const seed = SEED + index;
  t.test(
    `directory ${dirName}: killed ${KILLS / 2} times while writing, settings lose nothing acknowledged (seed ${seed})`,
    { buffered: true },
    async t => {
      const dir = mkdtempSync(join(tmpdir(), "evse-crash-"));
      const { acknowledged, writes, problems, between } = await killAgainAndAgain(dir, mulberry32(seed));
      t.strictSame(problems, []);
      t.ok(
        writes > KILLS / 2,
        `${writes} acknowledged writes; ${between} times the one being acknowledged was there too`,
      );
      const store = openSqliteStore(dir);
      const { revision, values } = await store.load();
      t.ok(revision === acknowledged || revision === acknowledged + 1);
      t.same(
        values.map(value => value.value),
        [`n${revision}`, `n${revision}`],
      );
      const audit = await store.audit(20_000);
      t.equal(audit.length, Math.min(2 * revision, 10_000), "the audit trail has a row per change");
      t.equal(audit[0]?.to, `n${revision}`);
      await store.close();
      rmSync(dir, { recursive: true });
    },
  );
}

async function killAgainAndAgain(dir: string, random: () => number) {
  let acknowledged = 0;
  let writes = 0;
  let between = 0;
  const problems: string[] = [];
  for (let kill = 1; kill <= KILLS / 2; kill++) {
    const [first, ...rest] = await writeUntilKilled(dir, kill % 10 === 0, random);
    // Killed before it could read.
    if (first === undefined) continue;
    const found = first.found ?? -1;
    // One write more than was acknowledged may have come through: it was being confirmed when the kill came.
    if (found < acknowledged || found > acknowledged + 1) problems.push(`kill ${kill}: ${found} after ${acknowledged}`);
    const expected = found === 0 ? "" : `n${found}`;
    if (first.username !== expected || first.idTag !== expected)
      problems.push(`kill ${kill}: ${JSON.stringify(first)}`);
    if (found > acknowledged) between++;
    acknowledged = rest.at(-1)?.acknowledged ?? found;
    writes += rest.length;
  }
  return { acknowledged, writes, problems, between };
}

/** A small seeded generator: a failed run can be repeated with SEED=... */
function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}
