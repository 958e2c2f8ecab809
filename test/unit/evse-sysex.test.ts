import fc from "fast-check";
import t from "tap";
import { crc7, frame, unseal } from "../../shared/evse-sysex/bits.ts";
import { CP_STATES, MESSAGE, RESULT } from "../../shared/evse-sysex/codes.ts";
import { decodeCommand, encodeCommand, type HostCommand } from "../../shared/evse-sysex/command.ts";
import { type BoardMessage, decodeMessage, encodeMessage } from "../../shared/evse-sysex/message.ts";

const hex = (body: readonly number[]): string => Buffer.from(frame(body)).toString("hex");
/** What stands between `F0 0E` and `F7`. */
const inside = (wire: string): number[] => [...Buffer.from(wire, "hex")].slice(2, -1);

const COMMANDS: readonly [string, HostCommand][] = [
  ["f00e04011ff7", { kind: "heartbeat", sequence: 1 }],
  ["f00e02200163f7", { kind: "pwm", dutyPermille: 160 }],
  ["f00e030351f7", { kind: "contactor", mask: 3 }],
  ["f00e0941f7", { kind: "info" }],
  ["f00e0848f7", { kind: "status" }],
  ["f00e05012c020af7", { kind: "lock", drive: 1, pulseMs: 300 }],
  ["f00e0a0a020368070756f7", { kind: "setpoint", dutyPermille: 266, mask: 3, ttlMs: 1000, sequence: 7 }],
  ["f00e0b2001580408f7", { kind: "setSafe", currentDeciA: 160, graceS: 600 }],
  ["f00e0c6cf7", { kind: "safe" }],
  ["f00e0d093c4554f7", { kind: "keep", id: 9, value: 8892 }],
  ["f00e0e7ef7", { kind: "kept" }],
];

const MESSAGES: readonly [string, BoardMessage][] = [
  ["f00e430101000000000027f7", { kind: "event", code: 1, arg: 1, clockMs: 0, flags: 0 }],
  ["f00e400200200107f7", { kind: "ack", command: 2, result: RESULT.ok, arg: 160 }],
  ["f00e40030003004ef7", { kind: "ack", command: 3, result: RESULT.ok, arg: 3 }],
  ["f00e400304000239f7", { kind: "ack", command: 3, result: RESULT.refused, arg: 0x100 }],
  ["f00e400306000078f7", { kind: "ack", command: 3, result: RESULT.crc, arg: 0 }],
  ["f00e4520015804010cf7", { kind: "safe", currentDeciA: 160, graceS: 600, stored: "valid" }],
  [
    "f00e4658041a483c454243164118380176f7",
    {
      kind: "kept",
      values: {
        ...{ lockMaxMs: 600, thresholdAB: 9242, thresholdBC: 8892 },
        ...{ thresholdCD: 8642, thresholdDE: 8342, thresholdDiode: 7192 },
      },
      stored: "valid",
    },
  ],
  [
    "f00e416c0720015444534459444f364c364f360a0a7f7f0204040602" + "4cf7",
    {
      kind: "report",
      clockMs: 1004,
      dutyPermille: 160,
      high: { avgV: 5.96, minV: 5.95, maxV: 6.01, samples: 10 },
      low: { avgV: -12.01, minV: -12.04, maxV: -12.01, samples: 10 },
      ppOhm: null,
      state: "C",
      outputs: 4,
      flags: 0x304,
      heartbeat: 2,
    },
  ],
];

t.test("every documented command has its bytes", async t => {
  for (const [wire, command] of COMMANDS) {
    t.equal(hex(encodeCommand(command)), wire, `${command.kind} is written`);
    t.strictSame(decodeCommand(inside(wire)), { ok: true, command }, `${command.kind} is read`);
  }
});

t.test("every documented message has its bytes", async t => {
  for (const [wire, message] of MESSAGES) {
    t.equal(hex(encodeMessage(message)), wire, `${message.kind} is written`);
    t.strictSame(decodeMessage(inside(wire)), { ok: true, message }, `${message.kind} is read`);
  }
});

t.test("the checksum catches every flipped bit of a command that closes contactors", async t => {
  const good = inside("f00e030351f7");
  for (let index = 0; index < good.length; index++) {
    for (let bit = 0; bit < 7; bit++) {
      const bad = good.map((byte, at) => (at === index ? byte ^ (1 << bit) : byte));
      t.equal(decodeCommand(bad).ok, false, `byte ${index} bit ${bit}`);
    }
  }
});

t.test("a refused command says why, and with which result it is answered", async t => {
  const cases: readonly [string, number[], number, RegExp][] = [
    ["wrong checksum", [0x03, 0x03, 0x00], RESULT.crc, /checksum 0 on sub id 3: expected 81/],
    ["nothing at all", [], RESULT.crc, /empty/],
    ["a lone sub id", [0x03], RESULT.crc, /checksum missing/],
    ["an 8-bit byte", [0x03, 0x83, 0x51], RESULT.crc, /byte 131: expected 7-bit/],
    ["sub id 0", sealed(0x00), RESULT.unknown, /sub id 0 is no command/],
    ["sub id 0x0F", sealed(0x0f), RESULT.unknown, /sub id 15 is no command/],
    ["a message of a board", sealed(0x40, 1, 2, 3, 4), RESULT.unknown, /sub id 64 is no command/],
    ["CONFIG without value", sealed(0x01, 1), RESULT.length, /sub id 1 with 1 payload bytes: expected 3/],
    ["PWM with one byte", sealed(0x02, 1), RESULT.length, /sub id 2 with 1/],
    ["CONTACTOR without mask", sealed(0x03), RESULT.length, /sub id 3 with 0/],
    ["CONTACTOR with two masks", sealed(0x03, 3, 3), RESULT.length, /sub id 3 with 2/],
    ["HEARTBEAT without sequence", sealed(0x04), RESULT.length, /sub id 4 with 0/],
    ["LOCK without pulse", sealed(0x05, 1), RESULT.length, /sub id 5 with 1/],
    ["STATUS with payload", sealed(0x08, 1), RESULT.length, /sub id 8 with 1 payload bytes: expected 0/],
  ];
  for (const [title, bytes, result, reason] of cases) {
    const decoded = decodeCommand(bytes);
    if (decoded.ok) t.fail(`${title}: accepted`);
    else {
      t.equal(decoded.result, result, title);
      t.match(decoded.reason, reason, title);
    }
  }
});

t.test("a refused message says why", async t => {
  const report = inside(MESSAGES[7]![0]);
  const cases: readonly [string, readonly number[], RegExp][] = [
    ["empty", [], /empty/],
    ["wrong checksum", report.with(-1, 0), /checksum 0 on sub id 65/],
    ["truncated report", report.slice(0, 12), /checksum/],
    ["sealed but short report", sealed(MESSAGE.report, 1, 2, 3), /sub id 65 with 3 payload bytes: expected 25/],
    ["unknown sub id", sealed(0x47), /sub id 71 is no message of a board/],
    ["a stored record of kind 3", sealed(MESSAGE.safe, 0, 0, 0, 0, 3), /stored record out of range, expected 0\.\.2/],
    ["kept values of kind 3", sealed(MESSAGE.kept, ...Array<number>(12).fill(1), 3), /stored record out of range/],
    ["a command", sealed(0x03, 3), /sub id 3 is no message/],
    ["pilot state 7", sealed(MESSAGE.status, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0), /pilot state out of range, expected 0..6/],
    ["pilot state 7 in a report", sealed(MESSAGE.report, ...report.slice(1, -1).with(20, 7)), /pilot state/],
    ["a duty of 100.1 %", sealed(MESSAGE.status, 2, 0, 0, 0, 0x69, 0x07, 0, 0, 0, 0), /duty 1001, expected 0\.\.1000/],
    ["a byte above 127", [0x40, 0x80, 0, 0, 0, 0], /7-bit/],
    ["an ack of five bytes", sealed(MESSAGE.ack, 1, 0, 0, 0, 0), /expected 4/],
  ];
  for (const [title, bytes, reason] of cases) {
    const decoded = decodeMessage(bytes);
    if (decoded.ok) t.fail(`${title}: accepted`);
    else t.match(decoded.reason, reason, title);
  }
});

t.test("a value that does not fit its field is the caller's bug and is named", async t => {
  t.throws(() => encodeCommand({ kind: "pwm", dutyPermille: 16_384 }), {
    message: /duty 16384: expected .* 0\.\.16383/,
  });
  t.throws(() => encodeCommand({ kind: "pwm", dutyPermille: 53.2 }), {
    message: /duty 53\.2: expected a whole number/,
  });
  t.throws(() => encodeCommand({ kind: "contactor", mask: 128 }), { message: /contactor mask 128/ });
  t.throws(() => encodeCommand({ kind: "heartbeat", sequence: -1 }), { message: /heartbeat sequence -1/ });
});

const u7s = fc.integer({ min: 0, max: 127 });
const u14s = fc.integer({ min: 0, max: 16_383 });

t.test("whatever fits the wire comes back as it was sent", async () => {
  const commands: fc.Arbitrary<HostCommand> = fc.oneof(
    fc.record({ kind: fc.constant("config" as const), id: u7s, value: u14s }),
    fc.record({ kind: fc.constant("pwm" as const), dutyPermille: u14s }),
    fc.record({ kind: fc.constant("lock" as const), drive: u7s, pulseMs: u14s }),
    fc.record({ kind: fc.constant("clear" as const), flags: u14s }),
    fc.record({
      kind: fc.constant("setpoint" as const),
      ...{ dutyPermille: u14s, mask: u7s, ttlMs: u14s, sequence: u7s },
    }),
    fc.record({ kind: fc.constant("setSafe" as const), currentDeciA: u14s, graceS: u14s }),
    fc.record({ kind: fc.constant("keep" as const), id: u7s, value: u14s }),
  );
  fc.assert(
    fc.property(commands, command => {
      const decoded = decodeCommand(encodeCommand(command).slice(1));
      return decoded.ok && JSON.stringify(decoded.command) === JSON.stringify(command);
    }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...CP_STATES),
      u7s,
      u14s,
      fc.integer({ min: 0, max: 1000 }),
      (state, outputs, flags, dutyPermille) => {
        const status: BoardMessage = {
          ...{ kind: "status", state, outputs, flags, dutyPermille },
          ...{ watchdogLeftMs: 0, lockDrive: 0, bootCause: 1 },
        };
        const decoded = decodeMessage(encodeMessage(status).slice(1));
        return decoded.ok && JSON.stringify(decoded.message) === JSON.stringify(status);
      },
    ),
  );
});

t.test("no bytes at all make a reader throw", async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 }), bytes => {
      const read = [unseal(bytes), decodeCommand(bytes), decodeMessage(bytes)];
      return read.every(result => result.ok || result.reason.length > 0);
    }),
    { numRuns: 2000 },
  );
});

function sealed(sub: number, ...payload: number[]): number[] {
  return [sub, ...payload, crc7([sub, ...payload])];
}
