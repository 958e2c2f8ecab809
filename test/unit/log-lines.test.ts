import t from "tap";
import { shortLine } from "../../shared/process/log-lines.ts";

const at = new Date(2026, 0, 1, 12, 34, 56).getTime();

t.test("a person gets time, source, message and the fields", async t => {
  const line = JSON.stringify({
    level: 30,
    time: at,
    nodeID: "demo-main",
    mod: "METER-MAINS",
    msg: "answers again",
    silentMs: 4_200,
    by: "poll",
    // Nothing, and the time once more.
    evseId: null,
    at: "2026-01-01T12:34:56.000Z",
  });
  t.equal(shortLine(`${line}\n`), "12:34:56 meter-mains answers again silentMs=4200 by=poll\n");
});

t.test("a warning says that it is one, an error shows where it is from", async t => {
  t.match(shortLine(JSON.stringify({ level: 40, time: at, mod: "api", msg: "m" })), /^12:34:56 WARN api m\n$/);
  const error = { message: "x", stack: "Error: x\n    at y" };
  t.match(
    shortLine(JSON.stringify({ level: 50, time: at, mod: "api", msg: "m", err: error })),
    /err=Error: x\n {4}at y/,
  );
});

t.test("what is not ours passes as it is", async t => {
  t.equal(shortLine("plain text\n"), "plain text\n");
});
