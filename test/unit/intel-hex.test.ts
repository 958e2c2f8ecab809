import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { readFirmwareFile } from "../../cli/board/flash/image.ts";
import { parseIntelHex } from "../../cli/board/flash/intel-hex.ts";
import { hexOf, record } from "../support/intel-hex.ts";

const LIMIT = 32_256;
const END = ":00000001FF";

t.test("a file of another program's making is read byte for byte", async t => {
  // From the examples of the Intel HEX format: 16 bytes at 0x0100, moved here to 0.
  const text = ":10000000214601360121470136007EFE09D2190141\n:00000001FF\n";
  const { bytes, used } = parseIntelHex(text, LIMIT);
  t.equal(Buffer.from(bytes).toString("hex"), "214601360121470136007efe09d21901");
  t.equal(used, 16);
});

t.test("whatever is written comes back, gaps as erased bytes", async t => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 700 }), fc.integer({ min: 1, max: 64 }), (data, perLine) => {
      const { bytes, used } = parseIntelHex(hexOf(data, perLine), LIMIT);
      return used === data.length && Buffer.from(bytes).equals(Buffer.from(data));
    }),
  );
  const gap = [record(0, [1]), record(4, [2]), END].join("\n");
  t.strictSame([...parseIntelHex(gap, LIMIT).bytes], [1, 255, 255, 255, 2]);
  const moved = [record(0, [1]), ":020000020010EC", record(0, [7]), END].join("\n");
  t.equal(parseIntelHex(moved, LIMIT).bytes[0x100], 7, "segment address 0x10 stands for 0x100");
  t.equal(parseIntelHex([record(0, [1]), ":0400000300000000F9", END].join("\r\n"), LIMIT).used, 1);
});

t.test("no single flipped digit goes unnoticed", async t => {
  const good = hexOf(
    Uint8Array.from({ length: 40 }, (_, index) => index * 5),
    16,
  );
  for (let at = 0; at < good.length; at++) {
    const digit = good[at] ?? "";
    if (!/[0-9A-F]/.test(digit)) continue;
    const other = digit === "0" ? "1" : "0";
    t.throws(() => parseIntelHex(good.slice(0, at) + other + good.slice(at + 1), LIMIT), {
      name: "FirmwareFileRefused",
    });
  }
});

t.test("a damaged or foreign file is refused with the line that is wrong", async t => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /end record is missing/],
    [record(0, [1]), /end record is missing: the file is cut off/],
    [END, /nothing at address 0/],
    [`${record(2, [1])}\n${END}`, /nothing at address 0/],
    [`hello\n${END}`, /line 1: expected ":"/],
    [`${record(0, [1])}x\n${END}`, /line 1: expected ":"/],
    [":0000\n", /line 1: expected ":"/],
    [":0000000", /line 1: expected ":"/],
    [":02000000010100FB", /line 1: says 2 data bytes and has 3/],
    [":020000000101FD", /line 1: wrong checksum/],
    [`${record(0, [1])}\n:00000006FA\n${END}`, /line 2: record type 6; expected 0\.\.5/],
    [`${record(0, [1])}\n${record(0, [1])}\n${END}`, /line 2: address 0 is given twice/],
    [`${record(0, [1])}\n${record(LIMIT, [1])}\n${END}`, /line 2: address 32256 lies beyond the 32256 bytes/],
    [`${record(0, [1])}\n:020000040001F9\n${record(0, [1])}\n${END}`, /line 3: address 65536 lies beyond/],
    [`${record(0, [1])}\n:0100000400FB\n${END}`, /line 2: an address record with 1 bytes; expected 2/],
    [`${record(0, [1])}\n${END}\n${record(4, [1])}`, /line 3: data after the end record/],
  ];
  for (const [text, message] of cases) {
    t.throws(() => parseIntelHex(text, LIMIT), { name: "FirmwareFileRefused", message }, text);
  }
});

t.test("only a firmware of this project is taken", async t => {
  const directory = mkdtempSync(join(tmpdir(), "evse-hex-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const write = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  };
  const ours = Buffer.concat([Buffer.alloc(100, 7), Buffer.from("EvsePilotFirmata\0"), Buffer.alloc(50, 9)]);
  t.equal(readFirmwareFile(write("ours.hex", hexOf(ours, 16))).used, ours.length);
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      write("other.hex", hexOf(Buffer.from("StandardFirmata"), 16)),
      /other\.hex: the name EvsePilotFirmata does not occur/,
    ],
    [write("large.hex", "a".repeat(100_000)), /large\.hex: 100000 bytes; a \.hex file for this board has at most/],
    [write("broken.hex", `${hexOf(ours, 16)}x`), /broken\.hex: line \d+: /],
    [join(directory, "none.hex"), /none\.hex: cannot be read: ENOENT/],
    [directory, /cannot be read: EISDIR/],
  ];
  for (const [file, message] of cases) {
    t.throws(() => readFirmwareFile(file), { name: "FirmwareFileRefused", message }, file);
  }
});
