import { FIRMWARE_MUTANTS } from "./firmware.mutants.ts";
import type { Mutant } from "./mutant.ts";
import { tryMutant } from "./try-mutant.ts";
import { VIRTUAL_MUTANTS } from "./virtual.mutants.ts";

/**
 * Puts one fault after the other into the firmware and into the virtual board, and runs their suite against each.
 *
 *   npm run mutants:board [-- words of a fault]
 */
const wanted = process.argv.slice(2).join(" ");
const JOBS = 2;

interface Trial {
  readonly board: "firmware" | "virtual";
  readonly mutant: Mutant;
}

const trials: Trial[] = [
  ...VIRTUAL_MUTANTS.map(mutant => ({ board: "virtual", mutant }) as const),
  ...FIRMWARE_MUTANTS.map(mutant => ({ board: "firmware", mutant }) as const),
].filter(({ board, mutant }) => `${board}: ${mutant.fault}`.includes(wanted));
const total = trials.length;
const survivors: string[] = [];

await Promise.all(
  Array.from({ length: JOBS }, async () => {
    for (let trial = trials.shift(); trial !== undefined; trial = trials.shift()) {
      const { board, mutant } = trial;
      const failure = await tryMutant(board, mutant);
      if (failure === null) survivors.push(`${board}: ${mutant.fault}`);
      console.log(
        `${failure === null ? "SURVIVED" : "caught  "} ${board}: ${mutant.fault}${failure === null ? "" : ` (${failure})`}`,
      );
    }
  }),
);
console.log(`${total - survivors.length} of ${total} faults caught`);
process.exitCode = survivors.length === 0 && total > 0 ? 0 : 1;
