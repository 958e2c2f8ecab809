import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { FIRMWARE_MUTANTS } from "../mutants/firmware.mutants.ts";
import { mutated } from "../mutants/mutant.ts";
import { firmwareDir, tryMutant } from "../mutants/try-mutant.ts";
import { VIRTUAL_MUTANTS } from "../mutants/virtual.mutants.ts";

t.setTimeout(900_000);

t.test("every fault of the lists can still be put where it belongs", async t => {
  t.ok(FIRMWARE_MUTANTS.length >= 20 && VIRTUAL_MUTANTS.length >= 20);
  for (const [board, mutants, dir] of [
    ["firmware", FIRMWARE_MUTANTS, firmwareDir],
    ["virtual", VIRTUAL_MUTANTS, "."],
  ] as const) {
    for (const mutant of mutants) {
      const source = readFileSync(join(dir, mutant.file), "utf8");
      t.not(mutated(source, mutant), source, `${board}: ${mutant.fault}`);
    }
  }
});

t.test("one fault in each board is caught; npm run mutants:board tries them all", async t => {
  // One that the suite meets early, so that this costs little.
  const wanted = "closes in state B";
  for (const [board, mutants] of [
    ["firmware", FIRMWARE_MUTANTS],
    ["virtual", VIRTUAL_MUTANTS],
  ] as const) {
    const mutant = mutants.find(({ fault }) => fault === wanted);
    if (mutant === undefined) throw new Error(`${board}: no fault "${wanted}" in the list`);
    t.type(await tryMutant(board, mutant), "string", board);
  }
});
