import t from "tap";
import { FLAG } from "../../shared/evse-sysex/codes.ts";
import { avrEngine, type MakeEngine, virtualEngine } from "../support/board-engine.ts";
import { wire } from "../support/board-host.ts";
import { EngineBench } from "../support/engine-bench.ts";
import { NOISE_SEED, Rng } from "../support/rng.ts";

const BYTES = 1_000_000;
const CHUNK_BYTES = 2_000;
/** Four times the board's rate, at which it still keeps up: the same noise in a quarter of the time. */
const HOST_BAUD = 230_400;
const BYTE_MS = 10_000 / HOST_BAUD;
const OPEN = [...wire({ kind: "contactor", mask: 3 })];
const GRANT = [...wire({ kind: "setpoint", dutyPermille: 266, mask: 3, ttlMs: 1000, sequence: 1 })];

/** Plain noise, and the most dangerous commands with one or two bits turned over, cut short and joined wrongly. */
function noise(rng: Rng): number[] {
  const bytes: number[] = [];
  while (bytes.length < CHUNK_BYTES) {
    const kind = rng.next();
    const command = rng.next() < 0.5 ? OPEN : GRANT;
    if (kind < 0.3) for (let i = 0; i < 20; i++) bytes.push(rng.below(256));
    else if (kind < 0.8) bytes.push(...rng.flipBits(command, 1 + rng.below(2)));
    else bytes.push(...command.slice(0, 1 + rng.below(command.length - 2)));
  }
  return bytes;
}

/** A car that asks, a pilot that runs, grants that flow: only a valid command is missing. Noise does not make one. */
function endure(make: MakeEngine): { readonly closed: readonly number[]; readonly bench: EngineBench } {
  const rng = new Rng(NOISE_SEED);
  const bench = new EngineBench(make, { hostBaud: HOST_BAUD }).ready();
  const closed: number[] = [];
  bench.configure("reportMs", 0);
  for (let sent = 0; sent < BYTES; sent += CHUNK_BYTES) {
    bench.board.write(Uint8Array.from(noise(rng)));
    bench.run(CHUNK_BYTES * BYTE_MS + 5);
    if (bench.mask !== 0) closed.push(sent);
    // What the noise has set is set back, so that the next chunk meets a board that could close.
    bench.board.write(Uint8Array.of(0xf7));
    bench.tell({ kind: "clear", flags: FLAG.wdTrip | FLAG.overrun });
    bench.tell({ kind: "pwm", dutyPermille: 160 });
  }
  return { closed, bench };
}

for (const make of [virtualEngine, avrEngine]) {
  t.test(`${make().name}: a million bytes of noise close nothing, and the board still answers`, async t => {
    const { closed, bench } = endure(make);
    t.strictSame(closed, []);
    t.strictSame(bench.coils, [], "not even for a moment");
    bench.board.write(Uint8Array.of(0xf7));
    bench.run(300);
    bench.clear(FLAG.wdTrip);
    bench.acknowledge();
    bench.send({ kind: "pwm", dutyPermille: 160 });
    bench.run(50);
    t.equal(bench.send({ kind: "contactor", mask: 3 }), 0, "a whole command closes");
    t.equal(bench.mask, 3);
  });
}
