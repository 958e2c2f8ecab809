import t, { type Test } from "tap";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import type { MeterDriver, Sample } from "../../services/meter/meter.port.ts";
import { type BoxState, simulatedSensorbox } from "../../services/simulator/meters/sensorbox.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { garble, manglers, randomOf } from "../support/mangle.ts";
import { listenTo, tcpSlave } from "../support/modbus-bench.ts";
import { encrypted, P1_KEY } from "../support/p1-encrypted.ts";
import { until } from "../support/servers.ts";
import { smlFileOf } from "../support/sml.ts";
import {
  driverOf,
  homewizardSays,
  httpBench,
  httpDevice,
  type MakeBench,
  mqttColonBench,
  mqttJsonBench,
  natsBench,
  p1EncryptedSerialBench,
  p1EncryptedTcpBench,
  p1SerialBench,
  p1TcpBench,
  pulseBench,
  pulseDriver,
  type SourceBench,
  sensorboxBench,
  smlSerialBench,
  smlTcpBench,
  speedwireBench,
  telegramOf,
} from "../support/source-bench.ts";

// Real devices and brokers; most of the time here is waiting for them.
t.jobs = 2;
t.setTimeout(900_000);

/** Says good messages until one is taken in: the first may meet a driver that is only just listening. */
async function untilHeard(bench: SourceBench, samples: readonly Sample[], amps: number): Promise<void> {
  await until(`a sample of ${amps} A`, async () => {
    bench.say(bench.message(amps));
    await new Promise(resolve => setTimeout(resolve, 25));
    return samples.some(({ currentA }) => currentA.l1 === amps);
  });
}

/** The first seven amperes in a message. */
const CURRENT = /([:[,])7([,}\]])/;

const jsonDamage: Readonly<Record<string, (good: string) => string>> = {
  "an empty message": () => "",
  "half a message": good => good.slice(0, good.length / 2),
  "without its last character": good => good.slice(0, -1),
  "two messages in one": good => good + good,
  "an error page": () => "<html><body>502 Bad Gateway</body></html>",
  null: () => "null",
  "a list": () => "[]",
  "an empty object": () => "{}",
  "a number": () => "7",
  "a text": () => '"7"',
  NaN: good => good.replace(CURRENT, "$1NaN$2"),
  "a semicolon in a number": good => good.replace(CURRENT, "$17;5$2"),
  "10^400 A": good => good.replace(CURRENT, "$11e400$2"),
  "a million amperes": good => good.replace(CURRENT, "$11000000$2"),
  "null for a current": good => good.replace(CURRENT, "$1null$2"),
  "words for a current": good => good.replace(CURRENT, '$1"much"$2'),
  "an object for a current": good => good.replace(CURRENT, "$1{}$2"),
  "bytes of nothing": () => "\0\0\0\0\0\0\0\0",
  "no end": () => `{"a":${"[".repeat(5_000)}`,
  "an old proto trick": () => '{"__proto__":{"active_current_l1_a":7,"role":"mains"}}',
};

const colonDamage: Readonly<Record<string, (good: string) => string>> = {
  ...Object.fromEntries(
    [
      "",
      ":",
      "::",
      "70",
      "70:70",
      "70:70:",
      "70:70:70:70",
      "70:70:70:70:70:70",
      "x:70:70",
      "70;70;70",
      "70:70:70A",
      "70::70",
      "2000:0:0",
      "0:0:-2000",
      "NaN:0:0",
      "1e2:0:0",
      "0x46:0:0",
      "{}",
      "null",
      '{"L1":70}',
      "\0",
    ].map(text => [JSON.stringify(text), () => text]),
  ),
};

const p1Damage: Readonly<Record<string, (good: string) => string>> = {
  "a flipped bit": good => good.replace("007*A", "006*A"),
  "a lost byte": good => good.replace("230.0", "23.0"),
  "a doubled byte": good => good.replace("230.0", "2300.0"),
  "a lost line": good => good.replace(/1-0:51\.7\.0.*\r\n/, ""),
  "lines exchanged": good => good.replace(/(1-0:31.*\r\n)(1-0:21.*\r\n)/, "$2$1"),
  "the checksum of another": good => good.replace(/![0-9A-F]{4}/, "!1234"),
  "no checksum": good => good.replace(/![0-9A-F]{4}/, "!"),
  "half a checksum": good => good.replace(/!([0-9A-F]{2})[0-9A-F]{2}/, "!$1"),
  "no telegram": () => "hello\r\n",
  "the beginning only": good => good.slice(0, 200),
  "the end only": good => good.slice(200),
  "a line of noise in it": good => good.replace("\r\n1-0:1.8.1", "\r\n\u0080\u00ff\u0000\r\n1-0:1.8.1"),
  "a bit of high order": good => good.replace("230.0", "\u00b230.0"),
  zeroes: good => "\0".repeat(good.length),
  "a line held high": good => "\u00ff".repeat(good.length),
  slashes: () => "/".repeat(500),
  marks: () => "!1234\r\n".repeat(50),
  "a beginning again and again": good => good.slice(0, 60).repeat(10),
  noise: () => Array.from({ length: 800 }, (_, at) => String.fromCharCode((at * 73 + 41) & 0xff)).join(""),
  "lower case": good => good.toLowerCase().replace("kw", "kW"),
};

/** Changes a byte of a message, counted from its beginning, or from its end where the place is negative. */
function changed(good: string, place: number, by = 1): string {
  const at = place < 0 ? good.length + place : place;
  return good.slice(0, at) + String.fromCharCode((good.charCodeAt(at) + by) & 0xff) + good.slice(at + 1);
}

const bytesDamage: Readonly<Record<string, (good: string) => string>> = {
  "half a message": good => good.slice(0, good.length / 2),
  "without its last byte": good => good.slice(0, -1),
  "without its first byte": good => good.slice(1),
  "without a byte in the middle": good => good.slice(0, 100) + good.slice(101),
  "with a byte more": good => `${good.slice(0, 100)}\u0000${good.slice(100)}`,
  zeroes: good => "\0".repeat(good.length),
  "a line held high": good => "\u00ff".repeat(good.length),
  noise: () => Array.from({ length: 800 }, (_, at) => String.fromCharCode((at * 73 + 41) & 0xff)).join(""),
  text: () => "hello\r\n",
};

const smlDamage: Readonly<Record<string, (good: string) => string>> = {
  ...bytesDamage,
  "a flipped bit of a value": good => good.replace("\u001f\u0007\u0000\u00ff", "\u001f\u0007\u0001\u00ff"),
  ...Object.fromEntries([9, 30, 75, 120, -40, -12].map(at => [`a byte changed at ${at}`, good => changed(good, at)])),
  "a wrong checksum": good => changed(good, -1),
  "a wrong checksum, low byte": good => changed(good, -2),
  "another count of fill bytes": good => changed(good, -3),
  "no end": good => good.slice(0, -8),
  "only an end": good => good.slice(-8),
  "another version": good => good.replace("\u0001\u0001\u0001\u0001", "\u0002\u0002\u0002\u0002"),
  "a beginning again and again": good => good.slice(0, 60).repeat(10),
  "an escape that means nothing": good =>
    `${good.slice(0, 60)}\u001b\u001b\u001b\u001b\u0033\u0033\u0033\u0033${good.slice(60)}`,
  "an escape within": good => `${good.slice(0, 60)}${"\u001b".repeat(8)}${good.slice(60)}`,
  "escapes only": () => "\u001b".repeat(500),
  "a telegram of another kind": () => "/XMX5LGBBFG10\r\n\r\n1-0:31.7.0(007*A)\r\n!1234\r\n",
};

const encryptedDamage: Readonly<Record<string, (good: string) => string>> = {
  ...bytesDamage,
  ...Object.fromEntries(
    [0, 1, 2, 9, 10, 13, 14, 17, 18, 300, -13, -12, -1].map(at => [
      `a byte changed at ${at}`,
      good => changed(good, at),
    ]),
  ),
  "a length one too great": good => changed(good, 12),
  "a length one too small": good => changed(good, 12, -1),
  "a length beyond every telegram": good => changed(good, 11, 0x80),
  "no length at all": good => `${good.slice(0, 11)}\0\0${good.slice(13)}`,
  "a beginning again and again": good => good.slice(0, 60).repeat(10),
  "a telegram that is not encrypted": () => telegramOf(7),
  "encrypted with another key": () => encrypted(telegramOf(7), "ff".repeat(16)),
  "encrypted with another second key": () => encrypted(telegramOf(7), P1_KEY, "ff".repeat(16)),
  "encrypted, but damaged before": () => encrypted(telegramOf(7).replace("007*A", "006*A")),
};

/** Where a datagram has what: after the mark, each part with its length and tag, then meter, clock, values. */
const speedwireDamage: Readonly<Record<string, (good: string) => string>> = {
  ...bytesDamage,
  "another mark": good => changed(good, 0),
  "a length one too great": good => changed(good, 13),
  "a length one too small": good => changed(good, 13, -1),
  "another tag": good => changed(good, 15),
  "another protocol": good => changed(good, 17),
  "another meter": good => changed(good, 23),
  "a value of another kind": good => changed(good, 30),
  "a value of another channel": good => changed(good, 28),
  "a value twice": good => changed(good, 37, -1),
  "no end mark": good => good.slice(0, -4),
  "something behind the end": good => `${good}\0`,
  "a million amperes": good => good.replace("\0\u001f\u0004\0\0\0", "\0\u001f\u0004\0\u007f\u00ff"),
  "no currents": good => good.replaceAll("\u001f\u0004\0", "\u0029\u0004\u0001"),
};

const natsDamage: Readonly<Record<string, (good: string) => string>> = {
  ...jsonDamage,
  "another role": good => good.replace("mains", "circuit"),
  "a car's": good => good.replace('"mains"', '"ev","evseId":"left"'),
  "a role that is none": good => good.replace("mains", "meter"),
  "no name of who publishes": good => good.replace('"from":"test",', ""),
  "another publisher": good => good.replace('"test"', '"other"'),
  "no number": good => good.replace(/"sequence":\d+,/, ""),
  "an older number": good => good.replace(/"sequence":\d+/, '"sequence":0'),
  "an age below zero": good => good.replace('"ageMs":0', '"ageMs":-1'),
  "an age of an hour": good => good.replace('"ageMs":0', '"ageMs":3600000'),
  "a phase less": good => good.replace(',"l3":7', ""),
};

/** What is said, one by one, must not become a sample; what is good again is heard at once. */
async function bearsDamage(
  t: Test,
  make: MakeBench,
  damages: Readonly<Record<string, (good: string) => string>>,
): Promise<void> {
  const bench = await make(t);
  const { samples, problems } = listenTo(bench.driver);
  t.teardown(() => bench.driver.stop());
  await bench.arrived();
  await untilHeard(bench, samples, 3);
  t.ok(Object.keys(damages).length >= 20, "twenty ways at least");
  for (const [name, damage] of Object.entries(damages)) {
    const before = bench.driver.counters().refused;
    const good = bench.message(7);
    const damaged = damage(good);
    t.not(damaged, good, name);
    bench.say(damaged);
    await bench.arrived();
    const amps = 10 + (samples.length % 5);
    const { length } = samples;
    bench.say(bench.message(amps));
    await until(`${name}: the next good message is heard`, () => samples.length > length);
    t.notOk(
      samples.some(({ currentA }) => currentA.l1 === 7),
      name,
    );
    t.equal(samples.at(-1)?.currentA.l1, amps, `${name}: and the next good one is heard`);
    // A stream of noise holds no message at all; everything else is counted.
    if (bench.driver.counters().refused > before) t.match(problems.at(-1), /\S/, `${name}: said in words`);
  }
  t.ok(bench.driver.counters().refused >= 10);
}

t.test("HTTP: twenty ways of saying nothing that can be believed", t => bearsDamage(t, httpBench, jsonDamage));
t.test("MQTT JSON: twenty ways", t => bearsDamage(t, mqttJsonBench, jsonDamage));
t.test("MQTT L1:L2:L3: twenty ways", t => bearsDamage(t, mqttColonBench, colonDamage));
t.test("NATS: thirty ways", t => bearsDamage(t, natsBench, natsDamage));
t.test("P1 over TCP: twenty ways", t => bearsDamage(t, p1TcpBench, p1Damage));
t.test("P1 on a cable: twenty ways", t => bearsDamage(t, p1SerialBench, p1Damage));
t.test("P1, encrypted, over TCP: twenty ways", t => bearsDamage(t, p1EncryptedTcpBench, encryptedDamage));
t.test("P1, encrypted, on a cable: twenty ways", t => bearsDamage(t, p1EncryptedSerialBench, encryptedDamage));
t.test("SML over TCP: twenty ways", t => bearsDamage(t, smlTcpBench, smlDamage));
t.test("SML from a reading head: twenty ways", t => bearsDamage(t, smlSerialBench, smlDamage));
t.test("Tibber Pulse: twenty ways", t => bearsDamage(t, pulseBench, smlDamage));
t.test("Speedwire: twenty ways", t => bearsDamage(t, speedwireBench, speedwireDamage));

/** Unplugged, silent; plugged in again, there again, by itself. */
async function bearsUnplugging(t: Test, make: MakeBench): Promise<void> {
  const bench = await make(t);
  const { samples, problems } = listenTo(bench.driver);
  t.teardown(() => bench.driver.stop());
  await untilHeard(bench, samples, 3);
  for (const amps of [4, 5]) {
    await bench.unplug();
    await until("the driver says what is lacking", () => problems.length > 0);
    const { length } = samples;
    await new Promise(resolve => setTimeout(resolve, 200));
    t.equal(samples.length, length, "nothing comes of nothing");
    problems.length = 0;
    await bench.replug();
    await untilHeard(bench, samples, amps);
    t.pass("and back by itself");
    problems.length = 0;
  }
}

const unplugged: Readonly<Record<string, MakeBench>> = {
  "a HomeWizard": httpBench,
  "a P1 cable": p1SerialBench,
  "a P1 adapter": p1TcpBench,
  "a reading head": smlSerialBench,
  "a Tibber bridge": pulseBench,
  "a Home Manager": speedwireBench,
  "a broker": mqttJsonBench,
  NATS: natsBench,
  "a Sensorbox": sensorboxBench("tcp"),
};
for (const [name, make] of Object.entries(unplugged)) {
  t.test(`${name} is away for a while, twice`, t => bearsUnplugging(t, make));
}

const { anyByte, anyCut } = manglers;

/** So many are damaged; about one in ten between them is good. */
const DAMAGED = 10_000;
const AT_ONCE = 50;

/**
 * Ten thousand messages damaged at random: what is believed is what one of them says to whoever reads it
 * plainly (`truth`), the process lives, and the next good message is heard.
 */
async function bearsNoise(
  t: Test,
  make: MakeBench,
  mangle: (good: string, random: () => number) => string,
  truth: (message: string) => string | null,
): Promise<void> {
  const bench = await make(t);
  const { samples } = listenTo(bench.driver);
  t.teardown(() => bench.driver.stop());
  await untilHeard(bench, samples, 3);
  samples.length = 0;
  const random = randomOf(20_251);
  const permitted = new Set<string>();
  let damaged = 0;
  let sent = 0;
  for (; damaged < DAMAGED; sent += 1) {
    const good = bench.message(6 + (sent % 30));
    const message = random() < 0.9 ? mangle(good, random) : good;
    if (message !== good) damaged += 1;
    const says = truth(message);
    if (says !== null) permitted.add(says);
    bench.say(message);
    if (sent % AT_ONCE === 0) {
      await new Promise(resolve => setImmediate(resolve));
      if (sent % (20 * AT_ONCE) === 0) await bench.arrived();
    }
  }
  await untilHeard(bench, samples, 77);
  permitted.add(keyOf(77, 77, 77));
  const wrong = samples.filter(({ currentA }) => !permitted.has(keyOf(currentA.l1, currentA.l2, currentA.l3)));
  t.strictSame(wrong.slice(0, 3), [], `${wrong.length} wrong values of ${samples.length} believed`);
  t.equal(damaged, DAMAGED, "messages were damaged");
  t.ok(samples.length > 0, "and some of the good ones in between were heard");
  const { requests } = bench.driver.counters();
  t.ok(requests > 0.3 * sent, `${requests} reached the driver whole enough to be judged`);
}

function keyOf(l1: number, l2: number, l3: number): string {
  return [l1, l2, l3].map(amps => amps.toFixed(3)).join(" ");
}

/** The same where the device is asked: it answers nine times out of ten with something damaged. */
async function bearsNoiseWhenAsked(
  t: Test,
  open: (url: string) => MeterDriver,
  message: (amps: number) => string,
  truth: (message: string) => string | null,
): Promise<void> {
  const device = await httpDevice(t);
  const random = randomOf(77);
  const mangle = garble([...anyByte, ...anyCut]);
  const permitted = new Set<string>([keyOf(77, 77, 77)]);
  let answered = 0;
  let damaged = 0;
  let afterwards = 0;
  device.answer = (_request, response) => {
    const isOver = damaged >= DAMAGED;
    answered += 1;
    if (isOver) afterwards += 1;
    const good = message(isOver ? 77 : 6 + (answered % 30));
    const body = !isOver && random() < 0.9 ? mangle(good, random) : good;
    if (body !== good) damaged += 1;
    const says = truth(body);
    if (says !== null) permitted.add(says);
    response.end(Buffer.from(body, "latin1"));
  };
  const driver = open(device.url);
  const { samples, problems } = listenTo(driver);
  t.teardown(() => driver.stop());
  await until("all were answered", () => afterwards > 2, 600_000);
  await driver.stop();
  const wrong = samples.filter(({ currentA }) => !permitted.has(keyOf(currentA.l1, currentA.l2, currentA.l3)));
  t.strictSame(wrong.slice(0, 3), [], `${wrong.length} wrong values of ${samples.length} believed`);
  t.equal(damaged, DAMAGED, "answers were damaged");
  t.ok(problems.length > 0.5 * answered, `${problems.length} refused in words`);
  t.equal(samples.at(-1)?.currentA.l1, 77, "the next good one is heard");
}

t.test("HTTP: ten thousand mangled answers", t =>
  bearsNoiseWhenAsked(
    t,
    url => driverOf({ kind: "http", preset: "homewizard", url }, {}, { spec: { pollMs: 0 } }),
    homewizardSays,
    plainly(homewizardTells),
  ),
);

t.test("Tibber Pulse: ten thousand mangled answers", t => {
  const { message, truth } = wholeOnly(amps => smlFileOf(amps).toString("latin1"));
  return bearsNoiseWhenAsked(t, url => pulseDriver(url, { pollMs: 0 }), message, truth);
});

/** Messages with a checksum: nothing is true but what was sent whole. */
function wholeOnly(make: (amps: number) => string): {
  readonly message: (amps: number) => string;
  readonly truth: (message: string) => string | null;
} {
  const known = new Map<string, number>();
  return {
    message: amps => {
      const message = make(amps);
      known.set(message, amps);
      return message;
    },
    truth: message => {
      const amps = known.get(message);
      return amps === undefined ? null : keyOf(amps, amps, amps);
    },
  };
}

t.test("Sensorbox: ten thousand mangled answers", async t => {
  const { slave, address } = await tcpSlave(t);
  const random = randomOf(5);
  const state: BoxState = { model: "2", generation: 2, wiring: 0, ct: null, p1: null };
  const honest = simulatedSensorbox(state);
  const permitted = new Set<string>();
  let answered = 0;
  let damaged = 0;
  slave.addDevice(10, request => {
    const isOver = damaged >= DAMAGED;
    answered += 1;
    const amps = isOver ? 77 : 6 + (answered % 30);
    state.ct = [amps, amps, amps];
    const answer = honest(request);
    // Whole answers with a wrong content: what the line's own checks cannot see.
    const isMangled = !isOver && random() < 0.9;
    if (isMangled) damaged += 1;
    for (let times = isMangled ? 1 + Math.floor(random() * 3) : 0; times > 0; times -= 1) {
      answer[3 + Math.floor(random() * (answer.length - 3))] = Math.floor(random() * 256);
    }
    if (answer.length >= 43 && (answer[6] ?? 0) & 0x03) permitted.add(floatsAt(answer, 31));
    if (answer.length >= 43 && (answer[6] ?? 0) & 0x80) permitted.add(floatsAt(answer, 19));
    return answer;
  });
  const lines = new ModbusLines({ box: address }, { clock: systemClock, replyMs: 100 });
  const driver = driverOf({ kind: "sensorbox", line: "box" }, { lines }, { spec: { pollMs: 1 } });
  const { samples } = listenTo(driver);
  t.teardown(() => driver.stop());
  const isBack = (): boolean => damaged >= DAMAGED && samples.at(-1)?.currentA.l1 === 77;
  await until("all were answered, and the next good one is heard", isBack, 600_000);
  const wrong = samples.filter(({ currentA }) => !permitted.has(keyOf(currentA.l1, currentA.l2, currentA.l3)));
  t.strictSame(wrong.slice(0, 3), [], `${wrong.length} wrong values of ${samples.length} believed`);
  t.equal(damaged, DAMAGED, "answers were damaged");
});

function floatsAt(answer: Buffer, from: number): string {
  return keyOf(answer.readFloatBE(from), answer.readFloatBE(from + 4), answer.readFloatBE(from + 8));
}

function homewizardTells(document: Record<string, unknown>): readonly number[] {
  const tell = (quantity: string) => [1, 2, 3].map(n => valueOf(document, `active_${quantity.replace("#", `l${n}`)}`));
  return signed(tell("current_#_a"), tell("power_#_w"));
}

/** Reads what a person would read in it; null: nothing. */
function plainly(read: (document: Record<string, unknown>) => readonly unknown[]): (message: string) => string | null {
  return message => {
    let values: readonly unknown[];
    try {
      values = read(JSON.parse(message) as Record<string, unknown>);
    } catch {
      return null;
    }
    const [l1, l2, l3] = values.map(Number);
    return keyOf(l1 ?? NaN, l2 ?? NaN, l3 ?? NaN);
  };
}

t.test("P1 over TCP: ten thousand mangled telegrams", t =>
  bearsNoise(t, p1TcpBench, garble([...anyByte, ...anyCut]), message => {
    const amps = /1-0:31\.7\.0\((\d{3})\*A\)/.exec(message)?.[1];
    // The telegrams said are of 6 to 35 A on every phase, with a power that agrees.
    return amps === undefined ? null : keyOf(Number(amps), Number(amps), Number(amps));
  }),
);

t.test("P1, encrypted, over TCP: ten thousand mangled telegrams", t => {
  let truth: (message: string) => string | null = () => null;
  return bearsNoise(
    t,
    async t => {
      const bench = await p1EncryptedTcpBench(t);
      const whole = wholeOnly(amps => bench.message(amps));
      truth = whole.truth;
      return { ...bench, message: whole.message };
    },
    garble([...anyByte, ...anyCut]),
    message => truth(message),
  );
});

t.test("SML over TCP: ten thousand mangled files", t => {
  let truth: (message: string) => string | null = () => null;
  return bearsNoise(
    t,
    async t => {
      const bench = await smlTcpBench(t);
      const whole = wholeOnly(amps => bench.message(amps));
      truth = whole.truth;
      return { ...bench, message: whole.message };
    },
    garble([...anyByte, ...anyCut]),
    message => truth(message),
  );
});

t.test("Speedwire: ten thousand mangled datagrams", t =>
  bearsNoise(t, speedwireBench, garble([...anyByte, ...anyCut]), message => {
    const bytes = Buffer.from(message, "latin1");
    const amps = [31, 51, 71].map(index => {
      const at = bytes.indexOf(Buffer.from([0, index, 4, 0]));
      return at < 0 || at + 8 > bytes.length ? NaN : bytes.readUInt32BE(at + 4) / 1_000;
    });
    const [l1 = NaN, l2 = NaN, l3 = NaN] = amps;
    return keyOf(l1, l2, l3);
  }),
);

t.test("MQTT L1:L2:L3: ten thousand mangled messages", t =>
  bearsNoise(t, mqttColonBench, garble([...anyByte, ...anyCut]), message => {
    const [l1, l2, l3] = message.split(":").map(field => Number(field) / 10);
    return keyOf(l1 ?? NaN, l2 ?? NaN, l3 ?? NaN);
  }),
);

t.test("MQTT JSON: ten thousand mangled messages", t =>
  bearsNoise(t, mqttJsonBench, garble([...anyByte, ...anyCut]), message =>
    plainly(document =>
      signed(valueOf(valueOf(document, "energy"), "current"), valueOf(valueOf(document, "energy"), "power")),
    )(message),
  ),
);

t.test("NATS: ten thousand mangled messages", t =>
  bearsNoise(
    t,
    natsBench,
    garble([...anyByte, ...anyCut]),
    plainly(({ currentA }) => {
      const { l1, l2, l3 } = currentA as Record<string, unknown>;
      return [l1, l2, l3];
    }),
  ),
);

/** As the driver reads keys: whatever their case. */
function valueOf(object: unknown, key: string): unknown {
  const entries = Object.entries(object as Record<string, unknown>);
  return entries.find(([name]) => name.toLowerCase() === key)?.[1];
}

function signed(currents: unknown, powers: unknown): readonly number[] {
  return (currents as unknown[]).map((amps, at) => {
    const watts = Number((powers as unknown[])[at]);
    return Math.abs(Number(amps)) * (watts < 0 ? -1 : 1);
  });
}
