import t from "tap";
import { measure, TIMINGS } from "../bench/board/timings.ts";

t.setTimeout(900_000);

const ROUNDS = 25;
const SEED = 1;

for (const timing of TIMINGS) {
  t.test(`${timing.title}: within ${timing.limitMs} ms at ${ROUNDS} random phases`, async t => {
    const { minMs, maxMs } = measure(timing, ROUNDS, SEED);
    t.ok(maxMs <= timing.limitMs, `${maxMs} ms`);
    t.ok(minMs >= 0, `${minMs} ms`);
  });
}
