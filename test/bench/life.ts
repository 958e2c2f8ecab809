import { live } from "../support/life/life.ts";

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
  const figures = live(days, seed, (day, { broken }) => {
    for (const words of broken.slice(told)) console.log(`BROKEN ${words}`);
    told = broken.length;
    if (day % 10 === 0) console.log(`day ${day}: ${broken.length} broken`);
  });
  console.log(
    `${figures.visits} cars came and left, ${figures.sessions} charged: ${(figures.energyWh / 1_000).toFixed(0)} kWh`,
  );
  console.log(`${figures.closings} closings, ${figures.troubles} troubles`);
  console.log(`longest over the fuse with a meter that is heard: ${figures.longestOverS} s`);
  console.log(`longest that a car waited although everything was there: ${figures.longestIdleS} s`);
  console.log(`largest error of a session's energy: ${figures.energyErrorWh.toFixed(1)} Wh`);
  console.log(`${figures.broken.length} invariants broken`);
  return figures.broken.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
