import t from "tap";
import { claimsOf, problemsOf } from "../../scripts/docs/requirements.ts";

const section = (...rows: { id: string; says: string; open?: string; outside?: string }[]) => [
  { section: "1.4", title: "Transitions", rows },
];
const row = { id: "1.4-01", says: "C2, 9 V: B2" };

t.test("a test claims rows by the end of its name, on one line or several, also in a template", async t => {
  // Put together, so that these lines are no claims themselves.
  const call = (name: string) => `t.test(${name}, async t => {`;
  const text = [
    call('"nine volts [1.4-01, 1.9-4]"'),
    call("\n    `access ${access}: stays [1.4-07]`"),
    call('"a list ends in [1, 2]"'),
    call('"no tag"'),
  ].join("\n");
  t.strictSame(claimsOf("test/unit/x.test.ts", text), [
    { id: "1.4-01", file: "test/unit/x.test.ts", test: "nine volts" },
    { id: "1.9-4", file: "test/unit/x.test.ts", test: "nine volts" },
    { id: "1.4-07", file: "test/unit/x.test.ts", test: "access …: stays" },
  ]);
});

t.test("a row without a test, a test without a row, and a mark that is no longer true are named", async t => {
  const claim = { id: "1.4-01", file: "test/unit/x.test.ts", test: "nine volts" };
  t.strictSame(problemsOf(section(row), [claim]), []);
  t.match(problemsOf(section(row), []), [/^1\.4-01: no test shows "C2, 9 V: B2"/]);
  t.strictSame(problemsOf(section({ ...row, open: "later" }), []), []);
  t.strictSame(problemsOf(section({ ...row, outside: "no modem" }), []), []);
  t.match(problemsOf(section({ ...row, open: "later" }), [claim]), [/^1\.4-01: a test shows it/]);
  t.match(problemsOf(section(row), [claim, { ...claim, id: "1.4-99" }]), [/"nine volts" names 1\.4-99/]);
  t.match(problemsOf(section(row, row), [claim]), [/stands there twice/]);
  t.match(problemsOf(section({ ...row, id: "1.5-01", open: "later" }), []), [/stands in 1\.4/]);
});
