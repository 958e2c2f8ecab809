import { live } from "../support/life/life.ts";
import type { LifeFigures } from "../support/life/life-figures.ts";

// A site lives for so many days under invariants: npm run bench:life -- --days 100 --seed 1

function main(args: readonly string[]): number {
  const numberOf = (name: string, fallback: number): number => {
    const at = args.indexOf(`--${name}`);
    const value = at < 0 ? fallback : Number(args[at + 1]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1`);
    return value;
  };
  const days = numberOf("days", 100);
  const seed = numberOf("seed", 1);
  console.log(`${days} days, seed ${seed}`);
  let told = 0;
  const figures = live(days, seed, (day, sofar) => {
    for (const words of sofar.broken.slice(told)) console.log(`BROKEN ${words}`);
    told = sofar.broken.length;
    console.log(`day ${day}: ${inWords(sofar)}`);
  });
  return figures.broken.length === 0 ? 0 : 1;
}

function inWords(figures: LifeFigures): string {
  return [
    `${figures.visits} cars came and left, ${figures.sessions} charged ${(figures.energyWh / 1_000).toFixed(0)} kWh`,
    `${figures.closings} closings, ${figures.troubles} troubles, ${figures.changes} changes, ${figures.takeovers} take-overs`,
    `nobody decided for ${figures.longestLeaderlessS} s at most`,
    `over fuse or capacity for ${figures.longestOverS} s at most, over a limit of what is given for ${figures.longestAboveLimitS} s`,
    `nobody waited longer than ${figures.longestIdleS} s with everything there`,
    `energy of a session off by ${figures.energyErrorWh.toFixed(1)} Wh at most, ${figures.estimates} marked as estimated`,
    `${figures.broken.length} invariants broken`,
  ].join("; ");
}

process.exitCode = main(process.argv.slice(2));
