import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { SelftestReport } from "../../cli/board/selftest/report.ts";
import { serveBoard } from "../../services/simulator/board/tcp-board.ts";
import { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { obey } from "../../services/simulator/board/words.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { freePorts, tempDir } from "../support/servers.ts";

// The tools wait in real time, on boards of their own.
t.jobs = 5;
t.setTimeout(900_000);

const MAIN = join(import.meta.dirname, "../../cli/main.ts");

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Playing {
  readonly cwd?: string;
  /** Hears each line of standard error. */
  readonly onLine?: (line: string, child: { interrupt: () => void; type: (text: string | null) => void }) => void;
}

/** The tools as a process of their own. */
async function tool(
  args: readonly string[],
  { cwd = process.cwd(), onLine = () => undefined }: Playing = {},
): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
  // What is typed into a tool that has ended already is lost, as at any terminal.
  child.stdin.on("error", () => undefined);
  let out = "";
  let err = "";
  let rest = "";
  const hands = {
    interrupt: () => void child.kill("SIGINT"),
    type: (text: string | null) => {
      if (text === null) child.stdin.end();
      else child.stdin.write(text);
    },
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line, hands);
    if (rest.includes("to go on:")) onLine(rest, hands);
  });
  const code = await new Promise<number | null>(resolve => {
    child.on("close", resolve);
  });
  return { code, out, err };
}

async function servedBoard(t: Test): Promise<{ readonly board: VirtualBoard; readonly address: string }> {
  const board = new VirtualBoard({ clock: systemClock });
  const [port = 0] = await freePorts(1);
  const served = await serveBoard({ board, port });
  t.teardown(async () => {
    await served.close();
    board.powerOff();
  });
  return { board, address: `127.0.0.1:${port}` };
}

/** Turns the knob of the car simulator as told. */
function turn(board: VirtualBoard, line: string): void {
  const state = /^>>> .*(?:to ([ABC]) \(|back to ([AB]))/.exec(line);
  if (state !== null) obey(board, `ev ${state[1] ?? state[2] ?? ""}`);
}

t.test("a mistake ends the process with its code and without a stack", async t => {
  const run = await tool(["board", "flush"]);
  t.equal(run.code, 2);
  t.equal(run.out, "");
  t.match(run.err, /^edge-evse: there is no command "board flush"; did you mean flash\?/);
  t.notMatch(run.err, /\n {4}at /);
});

t.test("info and configure answer with JSON and nothing else on standard output", async t => {
  const { address } = await servedBoard(t);
  const configured = await tool([
    "board",
    "configure",
    "--tcp",
    address,
    "--safe-current",
    "6",
    "--grace",
    "60",
    "--json",
  ]);
  t.equal(configured.code, 0);
  t.match(JSON.parse(configured.out), { after: { safeCurrent: { currentA: 6, graceS: 60, stored: "valid" } } });
  const told = await tool(["board", "info", "--tcp", address, "--json"]);
  t.match(JSON.parse(told.out), { cp: "A", safeCurrent: { currentA: 6, graceS: 60 } });
  t.equal(told.err, "");
});

t.test("a self test writes its report where the person stands", async t => {
  const { address } = await servedBoard(t);
  const cwd = tempDir(t, "report");
  const run = await tool(["board", "selftest", "--tcp", address, "--report", "left.html", "--note", "no. 12"], {
    cwd,
  });
  t.equal(run.code, 0, run.err);
  t.match(run.out, /Verdict +passed \(19 passed, 0 failed, 9 not run, 0 not fitted\)/);
  const report = JSON.parse(readFileSync(join(cwd, "left.json"), "utf8")) as SelftestReport;
  t.match(report, { verdict: "passed", note: "no. 12", tester: false });
  t.match(readFileSync(join(cwd, "left.html"), "utf8"), /<h1>Pilot board self test: passed<\/h1>/);
});

t.test("contactors close for a person who typed the word, and open on Ctrl-C", async t => {
  const { board, address } = await servedBoard(t);
  const cwd = tempDir(t, "report");
  let closed = 0;
  let interrupt = (): void => undefined;
  board.onChange(() => {
    if (!board.contactors.l1) return;
    closed++;
    interrupt();
  });
  const run = await tool(["board", "selftest", "--tcp", address, "--tester", "--report", "x", "--json"], {
    cwd,
    onLine(line, hands) {
      turn(board, line);
      if (line.includes("to go on:")) hands.type("close\n");
      interrupt = hands.interrupt;
    },
  });
  t.ok(closed > 0);
  t.equal(run.code, 1, run.err);
  t.match(JSON.parse(run.out), { verdict: "aborted", aborted: "stopped" });
  t.strictSame(board.coils, { l1: false, l23: false });
  t.equal(board.pilot.dutyPct, 100);
  t.ok(existsSync(join(cwd, "x.html")), "what was found so far is kept");
});

t.test("nobody at the terminal is no permission", async t => {
  const { board, address } = await servedBoard(t);
  const cwd = tempDir(t, "report");
  let closed = false;
  board.onChange(() => {
    closed ||= board.coils.l1;
  });
  const run = await tool(["board", "selftest", "--tcp", address, "--tester", "--report", "x"], {
    cwd,
    onLine(line, hands) {
      turn(board, line);
      if (line.includes("to go on:")) hands.type(null);
    },
  });
  t.equal(run.code, 1);
  t.match(run.out, /aborted: nobody confirmed; --yes confirms beforehand/);
  t.notOk(closed);
});
