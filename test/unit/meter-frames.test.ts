import { readFileSync } from "node:fs";
import fc from "fast-check";
import modbus from "modbus-serial";
import t from "tap";
import { StrictPort } from "../../services/meter/drivers/modbus-port.ts";
import {
  crc16,
  explainSilence,
  findAnswer,
  foreignRequest,
  judgeMessage,
  type ReadRequest,
  readRequestOf,
  takeMessages,
  tcpRequest,
  withCrc,
} from "../../services/meter/modbus/frame.core.ts";

const generic = (
  JSON.parse(readFileSync(new URL("../fixtures/meter-vectors/generic.json", import.meta.url), "utf8")) as {
    vectors: { name: string; frames: [string, string?]; expect: Record<string, unknown> }[];
  }
).vectors;

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

function vector(name: string): { asked: ReadRequest; received: Buffer; expect: Record<string, unknown> } {
  const found = generic.find(each => each.name === name);
  const asked = readRequestOf(bytes(found?.frames[0] ?? ""));
  if (found === undefined || asked === null) throw new Error(`no vector ${name}`);
  return { asked, received: bytes(found.frames[1] ?? ""), expect: found.expect };
}

t.test("computes the checksum of published frames", async t => {
  const crcs = generic.filter(each => each.expect["crc_bytes"] !== undefined);
  t.equal(crcs.length, 2);
  for (const { name, frames, expect } of crcs) {
    const frame = bytes(frames[0]);
    t.strictSame(withCrc(frame.subarray(0, -2)), frame, name);
    t.strictSame(frame.subarray(-2), bytes(String(expect["crc_bytes"])), "low byte first");
  }
});

t.test("takes no frame for an answer that is none, and says what it was", async t => {
  const words: Record<string, RegExp> = {
    crc_error: /wrong checksum/,
    wrong_slave: /^an answer of unit 11 instead of 10$/,
    wrong_function: /^an answer to function 3 instead of 4$/,
    byte_count_mismatch: /^4 data bytes \(4 announced\) for a request of 4 registers \(8 expected\)$/,
    late_reply_of_previous_request: /^an answer of unit 10 instead of 11$/,
  };
  const rejects = generic.filter(each => each.expect["reject"] === true).map(each => each.name);
  t.strictSame(rejects.sort(), Object.keys(words).sort(), "every vector that is to be refused");
  for (const [name, reason] of Object.entries(words)) {
    const { asked, received } = vector(name);
    t.equal(findAnswer(asked, received), null, name);
    t.match(explainSilence(asked, received), reason);
  }
});

t.test("knows an exception", async t => {
  for (const name of ["exception_illegal_function", "exception_illegal_address", "exception_device_failure"]) {
    const { asked, received, expect } = vector(name);
    const frame = findAnswer(asked, received);
    t.equal(frame?.[2], expect["exception"], name);
  }
  const { asked, received } = vector("exception_without_high_bit");
  t.equal(findAnswer(asked, received), null, "without its mark it is no answer");
  t.equal(explainSilence(asked, received), "exception 2 without its mark");
  t.equal(generic.length, 11, "no vector is left out");
});

const request: ReadRequest = { unit: 10, fn: 4, start: 6, quantity: 2 };
const reply = withCrc(bytes("0A 04 04 41 80 00 00"));

t.test("finds the answer between noise and late answers of others", async t => {
  const other = withCrc(bytes("0B 04 04 41 81 00 00"));
  for (const before of [bytes(""), bytes("00"), bytes("0A"), bytes("0A 04 04"), other, bytes("FF 0A 84 0A 04")]) {
    t.strictSame(findAnswer(request, Buffer.concat([before, reply, bytes("00 0A")])), reply, before.toString("hex"));
  }
  t.equal(findAnswer(request, reply.subarray(0, -1)), null, "not before it is whole");
  t.equal(findAnswer(request, withCrc(bytes("0A 04 02 41 80 00 00"))), null, "its byte count must be that of its data");
  t.equal(explainSilence(request, Buffer.alloc(0)), null, "nothing is no reason");
  t.equal(explainSilence(request, reply.subarray(0, 3)), "3 bytes only");
});

t.test("a frame with one to three changed bits is never an answer", async () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(8 * reply.length - 1), { minLength: 1, maxLength: 3 }), bits => {
      const mangled = Buffer.from(reply);
      for (const bit of bits) mangled.writeUInt8(mangled.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return findAnswer(request, mangled) === null;
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

t.test("a TCP message counts only with the shape of its request", async t => {
  const cases: [string, RegExp][] = [
    ["0B 04 04 41 80 00 00", /unit 11 instead of 10/],
    ["0A 03 04 41 80 00 00", /function 3 instead of 4/],
    ["0A 04 04 41 80 00", /3 data bytes \(4 announced\)/],
    ["0A 04 02 41 80", /2 data bytes \(2 announced\)/],
    ["0A 04 06 41 80 00 00 00 00", /6 data bytes/],
    ["0A 04 04 41 80 00 00 00", /5 data bytes \(4 announced\)/],
    ["0A 84 02 00", /an exception of 4 bytes/],
    ["0A 04 03", /0 data bytes \(3 announced\)/],
  ];
  for (const [body, reason] of cases) {
    const found = judgeMessage(request, bytes(body));
    t.match(found.kind === "refused" ? found.reason : "answer", reason, body);
  }
  const good = judgeMessage(request, reply.subarray(0, -2));
  t.strictSame(good.kind === "answer" ? good.frame : null, reply);
  const exception = judgeMessage(request, bytes("0A 84 02"));
  t.equal(exception.kind, "answer");
});

t.test("cuts a TCP stream into messages however it is cut into packets", async () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 3, maxLength: 254 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(bodies, fc.nat(1_000), (list, cut) => {
      const stream = Buffer.concat(list.map((body, index) => tcpRequest(index, withCrc(body))));
      const first = takeMessages(stream.subarray(0, cut));
      const second = takeMessages(Buffer.concat([first.rest, stream.subarray(cut)]));
      const got = [...first.messages, ...second.messages];
      return (
        !first.broken &&
        !second.broken &&
        second.rest.length === 0 &&
        got.length === list.length &&
        got.every((message, index) => message.transaction === index && message.body.equals(list[index]!))
      );
    }),
    { seed: 2 },
  );
});

t.test("knows when a TCP stream is no Modbus", async t => {
  for (const hex of ["00 01 00 01 00 06 0A", "00 01 00 00 00 02 0A", "00 01 00 00 01 00 0A", "47 45 54 20 2F 20 48"]) {
    t.ok(takeMessages(bytes(hex)).broken, hex);
  }
  t.notOk(takeMessages(bytes("00 01 00 00 00")).broken, "too short to say");
});

t.test("only reads of registers, and the write of one, are requests", async t => {
  t.match(readRequestOf(bytes("0A 06 08 00 00 02 0B 10")), { unit: 10, fn: 6, start: 0x800, quantity: 2 });
  t.equal(readRequestOf(bytes("0A 01 00 00 00 08 3D B7")), null, "coils");
  t.equal(readRequestOf(bytes("0A 10 08 00 00 01 02 00 02")), null, "a write of several");
  t.equal(readRequestOf(bytes("0A 04 00")), null);
  t.equal(crc16(Buffer.alloc(0)), 0xffff);
});

/** What a bad line does to a frame; each of these a CRC-16 finds for certain, or the length does. */
const damage = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    bits: fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("burst" as const), at: fc.nat(1_000), pattern: fc.integer({ min: 1, max: 0xffff }) }),
  fc.record({ kind: fc.constant("lose" as const), at: fc.nat(1_000), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(1_000) }),
  fc.record({ kind: fc.constant("whole" as const) }),
);
type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function damaged(frame: Buffer, what: Damage): Buffer {
  const changed = Buffer.from(frame);
  const flip = (bit: number): void => {
    const at = (bit >> 3) % changed.length;
    changed.writeUInt8(changed.readUInt8(at) ^ (0x80 >> (bit & 7)), at);
  };
  switch (what.kind) {
    case "flip":
      for (const bit of new Set(what.bits.map(each => each % (8 * frame.length)))) flip(bit);
      return changed;
    case "burst": {
      const first = what.at % (8 * frame.length - 16);
      for (let bit = 0; bit < 16; bit += 1) if (((what.pattern >> bit) & 1) === 1) flip(first + bit);
      return changed;
    }
    case "lose": {
      const at = what.at % frame.length;
      return Buffer.concat([frame.subarray(0, at), frame.subarray(at + what.count)]);
    }
    case "cut":
      return changed.subarray(0, what.at % frame.length);
    case "whole":
      return changed;
  }
}

/** A port with modbus-serial on it, as a line has it. */
function portAndClient() {
  const port = new StrictPort({
    framing: "rtu",
    write: () => undefined,
    now: () => 0,
    refused: () => undefined,
    broken: () => undefined,
  });
  const client = new modbus.default(port);
  client.open();
  return { port, client };
}

t.test("however a line mangles and cuts the bytes, a reader gets what the meter sent, or nothing", async t => {
  const quantity = 4;
  const { port, client } = portAndClient();
  let believed = 0;
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 2 * quantity, maxLength: 2 * quantity }),
      damage,
      fc.uint8Array({ maxLength: 6 }),
      fc.integer({ min: 1, max: 20 }),
      (data, what, noise, piece) => {
        const sent = withCrc(Buffer.concat([Buffer.from([10, 4, 2 * quantity]), data]));
        const stream = Buffer.concat([noise, damaged(sent, what)]);
        const got: Buffer[] = [];
        client.writeFC4(10, 0x48, quantity, (error: unknown, result) => {
          if (error === null) got.push(result.buffer);
        });
        for (let at = 0; at < stream.length; at += piece) port.take(stream.subarray(at, at + piece));
        port.giveUp();
        believed += got.length;
        return got[0] === undefined ? what.kind !== "whole" : got.length === 1 && got[0].equals(data);
      },
    ),
    { seed: 20_260_102, numRuns: 5_000 },
  );
  t.ok(believed > 500, `${believed} whole frames were taken`);
});

t.test("what comes while nobody waits is nobody's answer", async t => {
  const { port, client } = portAndClient();
  const answers: unknown[] = [];
  const ask = (): void => {
    client.writeFC4(10, 6, 2, (error: unknown, result) => answers.push(error ?? result.buffer));
  };
  ask();
  t.equal(port.giveUp(), null);
  port.take(reply);
  t.strictSame(answers, [], "late");
  ask();
  t.strictSame(answers, [], "nor is it kept for the next one");
  port.take(reply.subarray(0, 4));
  port.take(reply.subarray(4));
  t.strictSame(answers, [reply.subarray(3, -2)]);
  port.take(reply);
  t.equal(answers.length, 1, "a second answer");
});

t.test("another master's question is seen, an echo of our own and an answer are none", async t => {
  const frame = (hex: string): Buffer => withCrc(Buffer.from(hex, "hex"));
  const ours = { unit: 10, fn: 4, start: 6, quantity: 12 };
  const echo = frame("0a040006000c");
  const answer = withCrc(Buffer.concat([Buffer.from("0a0418", "hex"), Buffer.alloc(24, 0x41)]));
  const other = frame("0a040000000c");
  t.equal(foreignRequest(ours, Buffer.concat([echo, answer])), null);
  t.match(foreignRequest(ours, Buffer.concat([echo, other, answer])), { unit: 10, start: 0 });
  t.match(foreignRequest(ours, Buffer.concat([Buffer.from([0, 0xff]), other])), { start: 0 }, "whatever is before it");
  t.match(foreignRequest(null, echo), { start: 6 }, "while we ask nothing");
  for (const none of [
    Buffer.alloc(0),
    other.subarray(0, 7),
    frame("0a0400000000"),
    frame("0a04000000ff"),
    frame("0a0608000002"),
    Buffer.concat([other.subarray(0, 6), Buffer.from([0, 0])]),
  ]) {
    t.equal(foreignRequest(ours, none), null, none.toString("hex"));
  }
});
