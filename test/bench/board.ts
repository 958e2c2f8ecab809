import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Measured, measure, TIMINGS } from "./board/timings.ts";

/** Measures what the board's firmware promises, in simulated cycles, and writes the table of docs/safety-firmware.md. */
const ROUNDS = 1_000;
const SEED = 61_851;
const TABLE = fileURLToPath(new URL("../../docs/safety-firmware-table.md", import.meta.url));

const digits = (ms: number): string => (ms < 10 ? ms.toFixed(3) : ms.toFixed(2));

function row({ title, limitMs, minMs, p50Ms, p99Ms, maxMs }: Measured): string {
  return `| ${title} | ${[minMs, p50Ms, p99Ms, maxMs].map(digits).join(" | ")} | ≤ ${limitMs} |`;
}

const measured = TIMINGS.map(timing => {
  const found = measure(timing, ROUNDS, SEED);
  console.log(row(found));
  return found;
});
const head = ["| from → to | min | p50 | p99 | max | limit |", "| --- | ---: | ---: | ---: | ---: | ---: |"];
writeFileSync(TABLE, ["<!-- written by npm run bench:board -->", "", ...head, ...measured.map(row), ""].join("\n"));
process.exitCode = measured.every(({ maxMs, limitMs }) => maxMs <= limitMs) ? 0 : 1;
