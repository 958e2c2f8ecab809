import type { Test } from "tap";
import { crc7 } from "../../../shared/evse-sysex/bits.ts";
import type { MakeEngine } from "../../support/board-engine.ts";
import { wire } from "../../support/board-host.ts";
import { EngineBench } from "../../support/engine-bench.ts";
import { NOISE_SEED, Rng } from "../../support/rng.ts";

const CLOSE = [0x03, 0x03];
const GARBAGE: readonly (readonly [string, readonly number[]])[] = [
  ["a close without its end", [0xf0, 0x0e, ...CLOSE, 0x51]],
  ["a close without its start", [0x0e, ...CLOSE, 0x51, 0xf7]],
  ["a close without checksum", [0xf0, 0x0e, ...CLOSE, 0xf7]],
  ["a close with checksum 0", [0xf0, 0x0e, ...CLOSE, 0, 0xf7]],
  ["a close under another feature", [0xf0, 0x0f, ...CLOSE, 0x51, 0xf7]],
  ["a close interrupted by a new sysex", [0xf0, 0x0e, 0x03, 0xf0, 0x03, 0x51, 0xf7]],
  ["a close with an 8-bit byte", [0xf0, 0x0e, 0x03, 0x83, 0x51, 0xf7]],
  ["a close behind 60 bytes", [0xf0, ...Array<number>(60).fill(1), 0x0e, ...CLOSE, 0x51, 0xf7]],
  ["a close with trailing bytes", [0xf0, 0x0e, ...CLOSE, 0x51, 0, 0, 0xf7]],
  ["a close of contactor 7", [0xf0, 0x0e, 0x03, 0x40, crc7([0x03, 0x40]), 0xf7]],
  ["a close with two masks", [0xf0, 0x0e, 0x03, 1, 1, crc7([0x03, 1, 1]), 0xf7]],
  ["an empty sysex", [0xf0, 0xf7]],
  ["only a feature id", [0xf0, 0x0e, 0xf7]],
  ["ends without starts", [0xf7, 0xf7, 0xf7]],
  ["starts without ends", [0xf0, 0xf0, 0xf0]],
  ["a sysex of 2 kB", [0xf0, 0x0e, ...Array<number>(2_000).fill(0x03), 0xf7]],
  ["digital writes to every port", Array.from({ length: 16 }, (_unused, port) => [0x90 | port, 0x7f, 0x7f]).flat()],
  ["analog writes to every pin", Array.from({ length: 16 }, (_unused, pin) => [0xe0 | pin, 0x7f, 0x7f]).flat()],
  ["modes for every pin", Array.from({ length: 128 }, (_unused, pin) => [0xf4, pin, 1, 0xf5, pin, 1]).flat()],
  ["state of pins that do not exist", [0xf0, 0x6d, 0x7f, 0xf7, 0xf0, 0x6d, 0xf7]],
  ["commands that do not exist", [0xf1, 1, 0xf2, 2, 0xf8, 0xfa, 0xfe, 0x80, 1, 2, 0xa0, 3, 0xb0, 4]],
  ["all zeros", Array<number>(200).fill(0)],
  ["all 0x7F", Array<number>(200).fill(0x7f)],
];

export function garbageSuite(t: Test, make: MakeEngine): void {
  t.test("no garbage closes a contactor, and the board answers after each", async t => {
    for (const [title, bytes] of GARBAGE) {
      const bench = new EngineBench(make).ready();
      bench.board.write(Uint8Array.from(bytes));
      bench.run(10 + bytes.length * 0.18);
      t.equal(bench.mask, 0, title);
      t.match(bench.status, { kind: "status" }, `${title}: answers`);
    }
  });

  t.test("no close command with one or two flipped bits closes", async t => {
    const bench = new EngineBench(make).ready();
    bench.configure("reportMs", 0);
    const good = [...wire({ kind: "contactor", mask: 3 })];
    const rng = new Rng(NOISE_SEED);
    for (let i = 0; i < 400; i++) {
      const bytes = rng.flipBits(good, 1 + (i % 2));
      bench.board.write(Uint8Array.from(bytes));
      bench.run(2);
      if (bench.mask !== 0) t.fail(`closed by ${Buffer.from(bytes).toString("hex")}`);
    }
    bench.run(400);
    t.match(bench.status, { kind: "status" });
  });
}
