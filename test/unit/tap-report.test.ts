import t from "tap";
import { type FileResult, TapReport } from "../../scripts/lib/tap-report.ts";

function read(text: string): { report: TapReport; told: FileResult[] } {
  const told: FileResult[] = [];
  const report = new TapReport(result => told.push(result));
  for (const line of text.split("\n")) report.read(line);
  report.end();
  return { report, told };
}

const GOOD = `TAP version 14
# Subtest: test/unit/a.test.ts
    # Subtest: one
        ok 1 - should be equal
        1..1
    ok 1 - one # time=3ms
    # Subtest: two
        ok 1 - should be equal
    ok 2 - two # time=3ms
    1..2
ok 1 - test/unit/a.test.ts # time=79.2ms
1..1`;

t.test("counts the sentences of a file, not its single assertions", async t => {
  const { report, told } = read(GOOD);
  t.strictSame([report.passed, report.failed], [2, 0]);
  t.match(told, [{ file: "test/unit/a.test.ts", ok: true, seconds: 0.0792 }]);
});

t.test("tells of a failed file its failed tests and how it ended, and of the passed ones nothing", async t => {
  const { report, told } = read(`# Subtest: test/b.test.ts
    # Subtest: fine
        ok 1 - quiet
    ok 1 - fine
    # Subtest: broken
        not ok 1 - loud
          ---
          diff: here
          ...
    not ok 2 - broken
    1..2
not ok 1 - test/b.test.ts # time=1s
  ---
  exitCode: 1
  ...
${GOOD}`);
  t.strictSame([report.passed, report.failed], [3, 1]);
  t.match(told[0]?.output, /loud[\s\S]*diff: here[\s\S]*exitCode: 1/);
  t.notMatch(told[0]?.output, /quiet/);
  t.equal(told[1]?.ok, true);
});

t.test("a file that ended before its tests, or ran none, has failed", async t => {
  t.strictSame(read("    1..0\nnot ok 1 - test/c.test.ts # time=1s\n  ---\n  signal: SIGKILL\n  ...").report.failed, 1);
  t.strictSame(read("    1..0\nok 1 - test/c.test.ts # time=1s").report.failed, 1);
  t.strictSame(read("    # Subtest: x\n    ok 1 - x\nnot ok 1 - test/c.test.ts # time=1s").report.failed, 1);
});

t.test("a skipped or postponed test is not a passed one", async t => {
  const { report } = read("    ok 1 - later # SKIP no board\n    ok 2 - some day # TODO\nok 1 - test/d.test.ts");
  t.strictSame([report.passed, report.failed], [0, 2]);
});
