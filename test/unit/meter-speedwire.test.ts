import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { readSpeedwire } from "../../services/meter/sources/speedwire.core.ts";
import { speedwireDatagram } from "../support/speedwire.ts";

const good = speedwireDatagram({ serial: 7, ticks: 1_000, currentA: [7, -3, 0] });

/** The datagram with bytes exchanged from a place on. */
function patched(at: number, hex: string): Buffer {
  const bytes = Buffer.from(good);
  bytes.set(Buffer.from(hex, "hex"), at);
  return bytes;
}

t.test("datagrams of meters in service are read: directions, units, counters", async t => {
  const path = join(import.meta.dirname, "../fixtures/meter-vectors/speedwire.json");
  const captured = JSON.parse(readFileSync(path, "utf8")) as readonly {
    name: string;
    hex: string;
    serial: number;
    expect: object;
  }[];
  t.equal(captured.length, 2);
  for (const { name, hex, serial, expect } of captured) {
    t.match(readSpeedwire(Buffer.from(hex, "hex")), { kind: "meter", serial, observation: expect }, name);
  }
  t.match(readSpeedwire(good), {
    kind: "meter",
    serial: 7,
    ticks: 1_000,
    observation: { currentA: [7, 3, 0], powerW: [1_610, -690, 0], totalPowerW: 920, importWh: 1_234_500 },
  });
});

t.test("what is no message of a meter is left alone, what is a broken one is refused by its name", async t => {
  t.strictSame(readSpeedwire(patched(16, "6065")), { kind: "other" }, "an inverter");
  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ["nothing", Buffer.alloc(0), /not of Speedwire/],
    ["another mark", patched(0, "00"), /not of Speedwire/],
    ["cut", good.subarray(0, -1), /was cut/],
    ["something behind its end", Buffer.concat([good, Buffer.alloc(1)]), /was cut/],
    ["a length that does not fit", patched(12, "0010"), /do not fit/],
    ["another kind of value", patched(30, "05"), /a value 0:1\.5\.0; expected/],
    ["another channel", patched(28, "01"), /a value 1:1\.4\.0/],
    ["a value twice", patched(37, "01"), /1\.4 stands twice/],
    ["no power drawn", patched(31, "01"), /without its powers or currents/],
  ];
  for (const [name, bytes, reason] of refused) {
    t.match(readSpeedwire(bytes), { kind: "refused", reason }, name);
  }
});

t.test("whatever a datagram holds, it is read, left alone or refused", async t => {
  const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(edits, fc.nat(good.length), (changes, length) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      const read = readSpeedwire(bytes.subarray(0, length));
      return read.kind !== "meter" || length === good.length;
    }),
    { numRuns: 5_000 },
  );
  t.pass("5,000 datagrams");
});
