import { fileURLToPath } from "node:url";
import t from "tap";
import { startChild } from "../bench/closed-loop/child.ts";
import { createController } from "../bench/closed-loop/plain-follower.ts";
import { simulate, simulateAsync } from "../bench/closed-loop/plant.ts";
import { loadScenario } from "../bench/closed-loop/scenario.ts";

const scenario = { ...loadScenario("share4_site"), durationS: 120 };
const follower = fileURLToPath(new URL("../bench/closed-loop/plain-follower.ts", import.meta.url));

/** A program that answers each line with what `reply` makes of it. */
function program(reply: string): readonly string[] {
  const script = `
    import { createInterface } from "node:readline";
    import { createController } from ${JSON.stringify(follower)};
    let controller = null;
    for await (const line of createInterface({ input: process.stdin })) {
      const message = JSON.parse(line);
      if (message.type === "end") break;
      ${reply}
    }
    process.exit(0);
  `;
  return [process.execPath, "--input-type=module", "-e", script];
}

const honest = `
  if (message.type === "init") {
    controller = createController(message);
    console.log(JSON.stringify({ type: "ready", name: "follower" }));
  } else console.log(JSON.stringify(controller(message)));
`;

t.test("a controller at the other end of a line fares as it does in this process", async t => {
  const child = await startChild(program(honest), scenario.init);
  t.equal(child.name, "follower");
  const result = await simulateAsync(scenario, message => child.step(message));
  await child.end();
  t.strictSame(result, simulate(scenario, createController(scenario.init)));
  t.ok(result.energyKWh > 0);
});

const ready = `if (message.type === "init") { console.log('{"type":"ready","name":"x"}'); continue; }`;
const cases: [string, string, RegExp][] = [
  [
    "says something else than ready",
    `console.log('{"type":"hello"}')`,
    /answered init with .*hello.*; expected .*ready/,
  ],
  ["talks plain text", `console.log("hello")`, /answered "hello", which is not JSON/],
  ["ends at once", "process.exit(3)", /ended \(code 3\) before the scenario did/],
  ["ends during the run", `${ready} process.exit(0)`, /ended \(code 0\) before/],
  [
    "forgets charge points",
    `${ready} console.log('{"offered":[0],"c1":[0],"c2":[0]}')`,
    /expected offered, c1 and c2 with 4/,
  ],
  ["answers null", `${ready} console.log("null")`, /answered null; expected offered/],
];
for (const [what, reply, error] of cases) {
  t.test(`a controller that ${what} ends the run with a reason`, async t => {
    const run = async (): Promise<void> => {
      const child = await startChild(program(reply), scenario.init);
      t.teardown(() => child.end());
      await simulateAsync(scenario, message => child.step(message));
    };
    await t.rejects(run(), { message: error });
  });
}

t.test("a program that does not exist is named", async t => {
  await t.rejects(startChild(["/does/not/exist"], scenario.init), { message: /\/does\/not\/exist/ });
});
