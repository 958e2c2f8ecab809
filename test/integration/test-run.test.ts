import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runTests } from "../../scripts/lib/run-tests.ts";
import { tempDir } from "../support/servers.ts";

// Files that share a process, as `npm run check` runs them: what is wrong with one is found, and laid to it alone.

const GOOD = 'import t from "tap";\nt.test("good", async t => { t.ok(true); });\n';
const dir = tempDir(t, "test-run");

/** Runs files in one process, in this order, each good one behind the bad ones. */
async function run(sources: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const files = Object.entries(sources).map(([name, source]) => {
    const file = join(dir, `${name}.test.ts`);
    writeFileSync(file, source);
    return file;
  });
  const results = await runTests(files, { processes: 1, quick: true }, () => undefined);
  return Object.fromEntries(
    results.map(({ file, ok, passed, failed, output }) => [
      file.replace(`${dir}/`, "").replace(".test.ts", ""),
      `${ok ? "ok" : "failed"} ${passed}/${passed + failed} ${output}`,
    ]),
  );
}

t.test("what fails in one file does not touch the next", async t => {
  const seen = await run({
    assertion: 'import t from "tap";\nt.test("two is one", async t => { t.equal(2, 1); });\n',
    missing: 'import t from "tap";\nimport x from "./not-there.ts";\nt.test("x", async t => { t.ok(x); });\n',
    syntax: "this is no program\n",
    thrown: 'import t from "tap";\nt.test("ok", async t => { t.ok(true); });\nthrow new Error("at the top");\n',
    empty: "export {};\n",
    skipped: 'import t from "tap";\nt.test("later", { skip: "no board" }, async t => { t.ok(true); });\n',
    late: 'import t from "tap";\nt.test("late", async t => {\n  setTimeout(() => { throw new Error("from a timer"); }, 1);\n  await new Promise(r => setTimeout(r, 50));\n  t.ok(true);\n});\n',
    lost: 'import t from "tap";\nt.test("lost", async t => {\n  void Promise.reject(new Error("nobody listens"));\n  await new Promise(r => setTimeout(r, 50));\n  t.ok(true);\n});\n',
    good: GOOD,
  });
  t.match(seen["assertion"], /^failed 0\/1 [\s\S]*two is one/);
  t.match(seen["missing"], /^failed 0\/1 [\s\S]*not-there/);
  t.match(seen["syntax"], /^failed 0\/1 /);
  t.match(seen["thrown"], /^failed [\s\S]*at the top/);
  t.match(seen["empty"], /^failed 0\/1 [\s\S]*no test ran/);
  t.match(seen["skipped"], /^failed 0\/1 /);
  t.match(seen["late"], /^failed 0\/1 [\s\S]*from a timer/);
  t.match(seen["lost"], /^failed 0\/1 [\s\S]*nobody listens/);
  t.match(seen["good"], /^ok 1\/1 $/);
});

t.test("a file that takes the process with it is named, and the others run in another one", async t => {
  const seen = await run({
    before: GOOD,
    exit: 'import t from "tap";\nt.test("exit", async t => { t.ok(true); process.exit(0); });\n',
    killed:
      'import t from "tap";\nt.test("killed", async t => { t.ok(true); process.kill(process.pid, "SIGKILL"); await new Promise(() => undefined); });\n',
    unfinished:
      'import t from "tap";\nt.test("waits for ever", async () => { await new Promise(() => undefined); });\n',
    after: GOOD,
  });
  t.match(seen["before"], /^ok 1\/1 $/);
  t.match(seen["exit"], /^failed [\s\S]*the process ended with [\s\S]* while this file ran, after .*before\.test\.ts/);
  t.match(seen["killed"], /^failed [\s\S]*the process ended with SIGKILL while this file ran/);
  t.match(seen["unfinished"], /^failed 0\/1 [\s\S]*waits for ever/);
  t.match(seen["after"], /^ok 1\/1 $/);
});

t.test("what goes wrong when the last test is over is a failure too", async t => {
  const seen = await run({
    tail: 'import t from "tap";\nt.test("tail", async t => {\n  t.ok(true);\n  setTimeout(() => { throw new Error("long after"); }, 200);\n});\n',
  });
  t.match(seen["tail"], /^ok 1\/1 $/);
  t.match(seen["after the last test"], /^failed 0\/1 [\s\S]*long after[\s\S]*after .*tail\.test\.ts/);
});
