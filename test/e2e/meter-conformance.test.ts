import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { connect } from "nats";
import t, { type Test } from "tap";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { carrying, eastronShowing, tcpSlave } from "../support/modbus-bench.ts";
import { natsUrl, startNats } from "../support/servers.ts";
import { startProgram } from "../support/site-process.ts";

// Real programs, judged over real seconds; the tests wait together.
t.jobs = 4;
t.setTimeout(900_000);

const projectDir = join(import.meta.dirname, "../..");
const SECONDS = ["--seconds", "5"];

/** A program of `examples/meters` that reads a simulated meter. */
async function example(t: Test, program: readonly string[], url: string): Promise<ChildProcess> {
  const { slave, address } = await tcpSlave(t);
  slave.add(10, eastronShowing({ now: carrying(7) }));
  const [command = "", ...args] = program;
  const child = spawn(command, args, {
    cwd: projectDir,
    env: { PATH: process.env["PATH"], NATS_URL: url, SITE: "demo", MODBUS: `127.0.0.1:${address.port}` },
    stdio: "ignore",
  });
  t.teardown(async () => {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });
  return child;
}

async function judged(t: Test, args: readonly string[]): Promise<{ code: number | string; said: string }> {
  const suite = startProgram(t, "test/conformance/meter.ts", args, {});
  const code = await suite.ended;
  return { code, said: suite.said() };
}

for (const [name, program] of [
  ["Python", ["python3", "examples/meters/meter.py"]],
  ["TypeScript", [process.execPath, "examples/meters/meter.ts"]],
] as const) {
  t.test(`a meter of another hand, in ${name}, passes the suite of the project's own drivers`, async t => {
    const url = natsUrl((await startNats(t)).port);
    await example(t, program, url);
    const { code, said } = await judged(t, ["--nats", url, "--role", "mains", ...SECONDS]);
    t.equal(code, 0, said);
    t.match(said, /edge\.demo\.feed\.meter\.mains/);
    t.match(said, /delivers samples with a true age, until it is stopped/);
  });
}

t.test("a meter that does not keep to it is told what is wrong", async t => {
  const url = natsUrl((await startNats(t)).port);
  const publisher = await connect(natsOptions(url));
  t.teardown(() => publisher.close());
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    const currentA = { l1: count, l2: 2, l3: 3 };
    const good = { role: "mains", from: `restarted-${count % 2}`, sequence: 100 - count, ageMs: 3_000, currentA };
    publisher.publish(
      "edge.demo.feed.meter.bad",
      JSON.stringify(count % 5 === 4 ? { ...good, currentA: [1, 2, 3] } : good),
    );
  }, 700);
  t.teardown(() => clearInterval(timer));
  const { code, said } = await judged(t, ["--nats", url, "--role", "mains", ...SECONDS]);
  t.equal(code, 1);
  for (const words of [
    /not ok .* every message keeps the contract/,
    /currentA: Invalid input: expected object, received array/,
    /restarted-0, restarted-1|restarted-1, restarted-0/,
    /not ok .* the number never falls/,
    /at most 3000 ms old when published; permitted 2000 ms/,
    /publishes beside/,
  ]) {
    t.match(said, words);
  }
});

t.test("a meter that says nothing, or of another role, and wrong arguments", async t => {
  const url = natsUrl((await startNats(t)).port);
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [
      ["--nats", url, "--role", "mains"],
      1,
      /none within 15 s on edge\.\*\.feed\.meter\.\*; nothing at all was published/,
    ],
    [["--role", "mains"], 2, /--nats URL is missing/],
    [["--nats", url], 2, /--role : expected one of mains/],
    [["--nats", url, "--role", "house"], 2, /--role house: expected one of mains, circuit, ev, pv, battery/],
    [["--nats", url, "--role", "ev"], 2, /--evse ID is for --role ev/],
    [["--nats", url, "--role", "mains", "--seconds", "1"], 2, /--seconds 1: expected 5\.\.600/],
    [["--nats", "nats://127.0.0.1:1", "--role", "mains"], 2, /CONNECTION_REFUSED/],
    [["--help"], 0, /--role ROLE/],
  ];
  await Promise.all(
    cases.map(async ([args, wanted, words]) => {
      const { code, said } = await judged(t, args);
      t.equal(code, wanted, args.join(" "));
      t.match(said, words);
    }),
  );
});
