/** Runs the benches named on the command line, or all of them: npm run bench -- [latency|balancer-step|scale|footprint|meter-bus|closed-loop ...] */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const BENCHES = ["balancer-step", "latency", "scale", "footprint", "meter-bus", "closed-loop"];

const wanted = process.argv.slice(2);
const unknown = wanted.find(name => !BENCHES.includes(name));
if (unknown !== undefined) {
  console.error(`no bench is called ${unknown}; there are: ${BENCHES.join(", ")}`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : BENCHES) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
