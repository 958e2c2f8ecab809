import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Measured, measure, TIMINGS } from "./board/timings.ts";

/** Measures what the board's firmware promises, in simulated cycles, and writes the table of docs/safety.md. */
const ROUNDS = 1_000;
const SEED = 61_851;
const DOCUMENT = fileURLToPath(new URL("../../docs/safety.md", import.meta.url));
/** What stands between these lines is written here. */
const [BEGIN, END] = ["<!-- begin: npm run bench:board -->", "<!-- end: npm run bench:board -->"];

const digits = (ms: number): string => (ms < 10 ? ms.toFixed(3) : ms.toFixed(2));

function row({ title, limitMs, standardMs, minMs, p50Ms, p99Ms, maxMs }: Measured): string {
  const limit = standardMs === undefined ? `≤ ${limitMs}` : `≤ ${limitMs} (standard: ${standardMs})`;
  return `| ${title} | ${[minMs, p50Ms, p99Ms, maxMs].map(digits).join(" | ")} | ${limit} |`;
}

const measured = TIMINGS.map(timing => {
  const found = measure(timing, ROUNDS, SEED);
  console.log(row(found));
  return found;
});
const head = ["| from → to | min | p50 | p99 | max | limit |", "| --- | ---: | ---: | ---: | ---: | ---: |"];
const text = readFileSync(DOCUMENT, "utf8");
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`${DOCUMENT}: expected "${BEGIN}" and "${END}"`);
writeFileSync(DOCUMENT, [before + BEGIN, "", ...head, ...measured.map(row), "", END + after].join("\n"));
process.exitCode = measured.every(({ maxMs, limitMs }) => maxMs <= limitMs) ? 0 : 1;
