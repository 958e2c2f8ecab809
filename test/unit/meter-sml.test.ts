import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { pulseForm } from "../../services/meter/sources/http-form.core.ts";
import { readObisText } from "../../services/meter/sources/obis.core.ts";
import { readSml } from "../../services/meter/sources/sml.core.ts";
import { crc16X25, payloadOf, smlTransmission, takeSmlFiles } from "../../services/meter/sources/sml-frame.core.ts";
import { garble, manglers, randomOf } from "../support/mangle.ts";
import { smlEntry, smlFile, smlFileOf } from "../support/sml.ts";

interface Captured {
  readonly name: string;
  readonly hex: string;
  readonly onePhase: boolean;
  readonly expect: { readonly [quantity: string]: unknown; readonly reject?: string };
}

function text(bytes: Buffer): string {
  return bytes.toString("latin1");
}

t.test("files of meters in service are read: values, units, scales, signs", async t => {
  const path = join(import.meta.dirname, "../fixtures/meter-vectors/sml.json");
  const captured = JSON.parse(readFileSync(path, "utf8")) as readonly Captured[];
  t.ok(captured.length >= 3);
  for (const { name, hex, onePhase, expect } of captured) {
    const { telegrams, rest, lost } = takeSmlFiles(`noise${text(Buffer.from(hex, "hex"))}`);
    t.strictSame([telegrams.length, rest, lost], [1, "", 5], `${name}: one file, and what came before it is lost`);
    const read = readSml(telegrams[0] ?? "", { onePhase });
    if (expect.reject === undefined) t.match(read, { ok: true, observation: expect }, name);
    else t.match(read, { ok: false, reason: new RegExp(expect.reject) }, name);
  }
});

t.test("the checksum is CRC-16/X-25", async t => {
  // The check value of the catalogue of parametrised CRC algorithms.
  t.equal(crc16X25(Buffer.from("123456789")), 0x906e);
});

t.test("whatever is sent comes out of a stream of any pieces, escapes included", async () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 200 });
  const withEscapes = fc
    .array(fc.oneof(bytes, fc.constant(new Uint8Array(4).fill(0x1b)), fc.constant(new Uint8Array(5).fill(0x1b))))
    .map(parts => Buffer.concat(parts));
  fc.assert(
    fc.property(fc.array(withEscapes, { minLength: 1, maxLength: 4 }), fc.nat(), (payloads, cut) => {
      const stream = text(Buffer.concat(payloads.map(smlTransmission)));
      const at = cut % stream.length;
      const first = takeSmlFiles(stream.slice(0, at));
      const second = takeSmlFiles(first.rest + stream.slice(at));
      const found = [...first.telegrams, ...second.telegrams].map(payloadOf);
      return (
        found.length === payloads.length &&
        found.every((one, index) => one.ok && one.payload.equals(payloads[index] ?? Buffer.alloc(0)))
      );
    }),
    { numRuns: 500 },
  );
});

t.test("a file that lost a byte costs no other one", async t => {
  const [one, other] = [smlFileOf(6), smlFileOf(7)].map(text);
  for (const damaged of [
    one?.slice(0, -1),
    one?.slice(0, 40),
    one?.slice(9),
    `${one?.slice(0, 50)}${one?.slice(51)}`,
  ]) {
    const { telegrams } = takeSmlFiles(`${damaged}${other}`);
    t.equal(telegrams.at(-1), other);
    for (const telegram of telegrams.slice(0, -1)) {
      t.match(readSml(telegram, { onePhase: false }), { ok: false, reason: /checksum/ });
    }
  }
  const endless = takeSmlFiles(`${one?.slice(0, 50)}${"x".repeat(10_000)}`);
  t.strictSame(endless.telegrams, []);
  t.ok(endless.rest.length < 10, "what never ends is let go");
});

t.test("what a file must not say is refused by its name", async t => {
  const current = smlEntry([31, 7, 0], "A", -3, 7_000);
  const power = smlEntry([36, 7, 0], "W", 0, 1_610);
  const cases: readonly (readonly [readonly Buffer[], RegExp])[] = [
    [[], /without a value that is known here/],
    [[smlEntry([31, 7, 0], "V", 0, 7)], /1-0:31\.7\.0 is told in unit 35; expected a number of A/],
    [[current, current], /1-0:31\.7\.0 stands twice/],
    [[smlEntry([31, 7, 0], "A", 20, 7)], /times 10\^20/],
    [[smlEntry([16, 7, 0], "W", 0, 700)], /neither currents nor voltages/],
  ];
  for (const [entries, reason] of cases) {
    t.match(readSml(text(smlFile(entries)), { onePhase: false }), { ok: false, reason });
  }
  t.match(readSml(text(smlFile([current, power])), { onePhase: false }), {
    ok: true,
    observation: { currentA: [7, null, null], powerW: [1_610, null, null] },
  });
  t.match(readSml(text(smlFile([smlEntry([16, 7, 0], "W", 0, -2_300)])), { onePhase: true }), {
    observation: { currentA: [10, null, null], powerW: [-2_300, null, null], totalPowerW: -2_300 },
  });
  t.match(
    readSml(text(smlFile([smlEntry([36, 7, 0], "W", -1, -23_000), smlEntry([32, 7, 0], "V", 0, 230, 2)])), {
      onePhase: false,
    }),
    {
      observation: { currentA: [10, null, null], powerW: [-2_300, null, null] },
    },
  );
  for (const broken of ["76", "7605", "ffffffffff", "7f".repeat(40), "00", ""]) {
    const read = readSml(text(smlTransmission(Buffer.from(broken, "hex"))), { onePhase: false });
    t.match(read, { ok: false, reason: /\S/ }, broken);
  }
});

t.test("whatever bytes a file holds, it is read or refused", async t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const read = readSml(text(smlTransmission(Buffer.from(bytes))), { onePhase: false });
      return read.ok || read.reason.length > 0;
    }),
    { numRuns: 2_000 },
  );
  t.pass("2,000 files of noise");
});

t.test("a Pulse's bridge passes on SML, or text", async t => {
  const form = pulseForm(1, null);
  t.match(form.read([smlFileOf(-6)]), {
    ok: true,
    observation: { currentA: [6, 6, 6], powerW: [-1_380, -1_380, -1_380] },
  });
  const readout = [
    "/EBZ5DD3BZ06ETA_107",
    "",
    "1-0:0.0.0*255(1EBZ0100000000)",
    "1-0:1.8.0*255(012345.5*kWh)",
    "1-0:16.7.0*255(001380.00*W)",
    ...[0, 20, 40].flatMap(base => [
      `1-0:${36 + base}.7.0*255(000460.00*W)`,
      `1-0:${31 + base}.7.0*255(002.10*A)`,
      `1-0:${32 + base}.7.0*255(230.0*V)`,
    ]),
    "!",
  ].join("\r\n");
  t.match(form.read([Buffer.from(readout)]), {
    ok: true,
    observation: { currentA: [2.1, 2.1, 2.1], totalPowerW: 1_380, importWh: 12_345_500, exportWh: null },
  });
  t.match(readObisText("1-0:31.7.0*255(2*V)"), { ok: false, reason: /says "2\*V"; expected a number of A/ });
  t.match(readObisText("1-0:31.7.0*255(2*A)\n1-0:31.7.0*255(2*A)"), { ok: false, reason: /twice/ });
  t.match(form.read([Buffer.from("<html>")]), { ok: false, reason: /data\.json\?node_id=1: .*neither currents/ });
  t.match(form.read([smlFileOf(6).subarray(0, -1)]), { ok: false, reason: /cut/ });
});

t.test("ten thousand mangled answers of a bridge: what is believed was sent whole", async t => {
  const form = pulseForm(1, null);
  const random = randomOf(20_260);
  const mangle = garble([...manglers.anyByte, ...manglers.anyCut]);
  const files = Array.from({ length: 30 }, (_, at) => text(smlFileOf(6 + at)));
  let believed = 0;
  for (let sent = 0; sent < 10_000; sent += 1) {
    const good = files[sent % 30] ?? "";
    const mangled = mangle(good, random);
    const read = form.read([Buffer.from(mangled, "latin1")]);
    if (!read.ok) continue;
    believed += 1;
    if (!mangled.includes(good)) t.fail(`believed ${Buffer.from(mangled, "latin1").toString("hex")}`);
  }
  t.ok(believed < 2_000, `${believed} of them were whole in spite of it`);
});
