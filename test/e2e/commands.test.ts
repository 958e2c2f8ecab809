import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "nats";
import t from "tap";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { demoSiteFile } from "../support/demo-site.ts";
import { freePorts, tempDir } from "../support/servers.ts";
import { startProgram } from "../support/site-process.ts";

t.setTimeout(900_000);

const RUN = "scripts/run.mjs";

t.test("a command nobody knows is answered with those there are", async t => {
  for (const args of [[], ["sart"], ["node"]]) {
    const run = startProgram(t, RUN, args, {});
    t.equal(await run.ended, 1);
    t.match(run.said(), /expected one of:\n {2}start[\s\S]*test[\s\S]*check/);
  }
});

t.test("node FILE runs TypeScript with the project's Node, its arguments and its exit code", async t => {
  const file = join(tempDir(t, "run"), "probe.ts");
  writeFileSync(
    file,
    "const [a]: string[] = process.argv.slice(2);\nconsole.log(process.version, a);\nprocess.exit(7);\n",
  );
  const run = startProgram(t, RUN, ["node", file, "hello"], {});
  t.equal(await run.ended, 7);
  t.match(run.said(), /^v2[4-9]\S* hello$/m);
});

t.test("npm start hands a supervisor's SIGTERM on, and ends with the program's exit code", async t => {
  const { dir, siteFile } = await demoSiteFile(t);
  const [port = 0] = await freePorts(1);
  const env = { HTTP_PORT: String(port), DATA_DIR: join(dir, "data") };
  const run = startProgram(t, RUN, ["start", "--site", siteFile], env);
  await run.says(/The page is at/);
  t.match(await (await fetch(`http://127.0.0.1:${port}/`)).text(), /<script/, "the built page is served");
  run.signal("SIGTERM");
  t.equal(await run.ended, 0);
  t.match(run.said(), /stopping: contactors open[\s\S]*stopped/);
});

t.test("npm run site starts every node as its own process over a NATS of its own, and stops them all", async t => {
  const { dir, siteFile } = await demoSiteFile(t);
  const [port = 0] = await freePorts(1);
  const env = { HTTP_PORT: String(port), DATA_DIR: join(dir, "data") };
  const run = startProgram(t, RUN, ["site", "--site", siteFile], env);
  const [, natsUrl = ""] = await run.says(/to listen in: (nats:\S+)/);
  await run.says(/^4 processes: main, left, right, sim$/m);
  await run.says(/^main {2}\| The page is at/m);
  await run.says(/^left {2}\| left: charging/m);

  const nats = await connect(natsOptions(natsUrl));
  const heard = new Promise<string>(resolve => {
    nats.subscribe("edge.demo.evse.*.status", { callback: (_error, message) => resolve(message.subject) });
  });
  t.match(await heard, /^edge\.demo\.evse\.(left|right)\.status$/);
  await nats.close();

  const before = run.said().length;
  run.signalGroup("SIGINT");
  t.equal(await run.ended, 0);
  const ending = run.said().slice(before);
  t.match(ending, /^left {2}\| stopping: contactors open/m);
  t.match(ending, /(left {2}|right) \| stopped[^]*main {2}\| stopped[^]*sim {3}\| stopped/, "charge points first");
  t.notMatch(ending, /is away|DISCONNECT/, "nothing they need went before them");
  for (const node of ["main ", "left ", "right", "sim  "]) t.match(run.said(), `${node} | stopped`);
  await t.rejects(connect({ ...natsOptions(natsUrl), maxReconnectAttempts: 0 }), "its NATS is gone");
  await t.rejects(fetch(`http://127.0.0.1:${port}/`), "its page is gone");
});
