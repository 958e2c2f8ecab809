import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import t, { type Test } from "tap";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import type { MeterDriver } from "../../services/meter/meter.port.ts";
import { type BoxState, simulatedSensorbox } from "../../services/simulator/meters/sensorbox.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { listenTo, serialSlave } from "../support/modbus-bench.ts";
import { startMosquitto, tempDir, until } from "../support/servers.ts";
import { smlFileOf } from "../support/sml.ts";
import {
  driverOf,
  freeUdpPort,
  homewizardSays,
  httpDevice,
  pulseBench,
  serving,
  speedwireSender,
} from "../support/source-bench.ts";
import { speedwireDatagram } from "../support/speedwire.ts";

/** Starts a driver and waits for what it says first: a sample or a problem. */
async function firstWord(t: Test, driver: MeterDriver) {
  const heard = listenTo(driver);
  t.teardown(() => driver.stop());
  await until("the first word", () => heard.samples.length + heard.problems.length > 0);
  return heard;
}

/** Starts a driver that is stopped at the end of the test. */
function listenToSoon(t: Test, driver: MeterDriver) {
  t.teardown(() => driver.stop());
  return listenTo(driver);
}

t.test("HTTP: every preset with a login is asked as it wants to be asked", async t => {
  const emeters = [1, 2, 3].map(n => ({ power: 230 * n, current: n, voltage: 230, total: 1_000, total_returned: 10 }));
  const login = { user: "owner", password: "se:cret" };
  const basic = `Basic ${Buffer.from("owner:se:cret").toString("base64")}`;
  const device = await httpDevice(t);
  device.answer = (request, response) => {
    if (request.headers.authorization === basic) serving({ "/status": { emeters } })(request, response);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="shelly"' }).end();
  };
  const { samples } = await firstWord(t, driverOf({ kind: "http", preset: "shelly-gen1", url: device.url, ...login }));
  t.match(samples[0], { currentA: { l1: 1, l2: 2, l3: 3 }, importWh: 3_000, exportWh: 30 });
  const wrong = driverOf({ kind: "http", preset: "shelly-gen1", url: device.url, user: "owner", password: "no" });
  const { problems } = await firstWord(t, wrong);
  t.match(problems[0], /\/status: status 401: the device wants another user, password or token/);
});

/** A device of the second Shelly generation: digest, SHA-256, and a new nonce now and then. */
function digestDevice(password: string, documents: Readonly<Record<string, unknown>>) {
  let nonce = "first";
  const uses = new Set<string>();
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  return {
    renew: () => {
      nonce = "second";
    },
    answer: (request: IncomingMessage, response: ServerResponse): void => {
      const given = Object.fromEntries(
        [...(request.headers.authorization ?? "").matchAll(/(\w+)="?([^",]+)"?/g)].map(([, key, value]) => [
          key,
          value,
        ]),
      ) as Record<string, string>;
      const { username, uri, nc = "", cnonce = "" } = given;
      const wanted = hash(
        [hash(`admin:shelly:${password}`), nonce, nc, cnonce, "auth", hash(`GET:${request.url ?? ""}`)].join(":"),
      );
      const isRight =
        given["response"] === wanted && username === "admin" && uri === request.url && !uses.has(nonce + nc);
      if (isRight) uses.add(nonce + nc);
      if (isRight) serving(documents)(request, response);
      else {
        const challenge = `Digest qop="auth", realm="shelly", nonce="${nonce}", algorithm=SHA-256`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      }
    },
  };
}

t.test("HTTP: digest with SHA-256, two documents, and a nonce that is renewed while it runs", async t => {
  const em = (amps: number) => ({
    ...Object.fromEntries(
      ["a", "b", "c"].flatMap(p => [
        [`${p}_current`, amps],
        [`${p}_voltage`, 230],
        [`${p}_act_power`, -230 * amps],
      ]),
    ),
    total_act_power: -690 * amps,
  });
  const digest = digestDevice("secret", {
    "/rpc/EM.GetStatus?id=0": em(4),
    "/rpc/EMData.GetStatus?id=0": { total_act: 5_000, total_act_ret: 700 },
  });
  const device = await httpDevice(t);
  device.answer = digest.answer;
  const driver = driverOf({ kind: "http", preset: "shelly-gen2", url: device.url, password: "secret" });
  const { samples, problems } = await firstWord(t, driver);
  t.match(samples[0], { currentA: { l1: -4, l2: -4, l3: -4 }, totalPowerW: -2_760, importWh: 5_000, exportWh: 700 });
  digest.renew();
  const { length } = samples;
  await until("it goes on", () => samples.length >= length + 5);
  t.strictSame(problems, [], "without a word");
});

t.test("HTTP: a device with its own certificate is known by it, and its token is told to nobody else", async t => {
  const dir = tempDir(t, "tls");
  const [key, certificate] = [join(dir, "key.pem"), join(dir, "certificate.pem")];
  const request = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=appliance-p1dongle-5c2faf",
  ];
  execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const tokens: (string | undefined)[] = [];
  const server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (asked, response) => {
    tokens.push(asked.headers.authorization);
    t.equal(asked.headers["x-api-version"], "2");
    const phases = [1, 2, 3].flatMap(n => [
      [`current_l${n}_a`, -n],
      [`power_l${n}_w`, -230 * n],
      [`voltage_l${n}_v`, 230],
    ]);
    response.end(
      JSON.stringify({ ...Object.fromEntries(phases), power_w: -1_380, energy_import_kwh: 1, energy_export_kwh: 2 }),
    );
  });
  server.listen(0, "127.0.0.1");
  await until("the device listens", () => server.listening);
  t.teardown(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const common = { kind: "http", preset: "homewizard-v2", url, token: "0123456789abcdef" };
  const stranger = await firstWord(t, driverOf(common));
  t.match(stranger.problems[0], /self-signed certificate/);
  t.strictSame(tokens, [], "the token stayed here");
  const { samples } = await firstWord(t, driverOf({ ...common, certificateFile: certificate }));
  t.match(samples[0], { currentA: { l1: -1, l2: -2, l3: -3 }, importWh: 1_000, exportWh: 2_000 });
  t.equal(tokens[0], "Bearer 0123456789abcdef");
  t.throws(() => driverOf({ ...common, certificateFile: join(dir, "none.pem") }), /none\.pem/);
});

t.test("HTTP: what a device may answer instead of values", async t => {
  const device = await httpDevice(t);
  const ways: Readonly<Record<string, readonly [(response: ServerResponse) => void, RegExp]>> = {
    "a refusal": [
      response => void response.writeHead(403).end(),
      /status 403: the device's local interface is switched off/,
    ],
    "an overload": [response => void response.writeHead(503).end("busy"), /status 503 instead of 200/],
    "a way elsewhere": [
      response => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
      /status 302/,
    ],
    "less than it said": [
      response => {
        response.writeHead(200, { "content-length": "500" });
        response.write(homewizardSays(5));
        setTimeout(() => response.destroy(), 20);
      },
      /aborted|ended too early|socket hang up/,
    ],
    "too much": [response => void response.end("x".repeat(300_000)), /more than 262144 bytes/],
    "nothing at all": [response => void response.destroy(), /socket hang up|ECONNRESET/],
    "no end of waiting": [() => undefined, /no answer within 1500 ms/],
    "a single phase with no power": [response => void response.end('{"active_current_l1_a":16}'), /direction unknown/],
  };
  for (const [name, [answer, words]] of Object.entries(ways)) {
    await t.test(name, async t => {
      device.answer = (_request, response) => {
        answer(response);
      };
      const driver = driverOf({ kind: "http", preset: "homewizard", url: device.url });
      const heard = await firstWord(t, driver);
      t.match(heard.problems[0], words);
      t.equal(heard.samples.length, 0);
      device.answer = (_request, response) => void response.end(homewizardSays(5));
      await until("and back", () => heard.samples.length > 0);
      await driver.stop();
    });
  }
});

t.test("HTTP: a SlimmeLezer answers for one sensor each; a phase that is not there is none", async t => {
  const device = await httpDevice(t);
  const values: Record<string, number> = {};
  for (const [n, amps] of [5, 2, 3].entries()) {
    values[`current_phase_${n + 1}`] = amps;
    values[`voltage_phase_${n + 1}`] = 230;
    values[`power_consumed_phase_${n + 1}`] = n === 1 ? 0 : (amps * 230) / 1_000;
    values[`power_produced_phase_${n + 1}`] = n === 1 ? (amps * 230) / 1_000 : 0;
  }
  let phases = 3;
  device.answer = (request, response) => {
    const name = (request.url ?? "").replace("/sensor/", "");
    const value = Number(name.at(-1)) <= phases ? values[name] : undefined;
    if (value === undefined) response.writeHead(404).end();
    else response.end(JSON.stringify({ id: `sensor-${name}`, value, state: String(value) }));
  };
  const common = { kind: "http", preset: "slimmelezer-v2", url: device.url };
  const { samples } = await firstWord(t, driverOf(common));
  t.match(samples[0], { currentA: { l1: 5, l2: -2, l3: 3 }, totalPowerW: 1_380 });
  phases = 1;
  const { samples: ofOne } = await firstWord(t, driverOf(common));
  t.match(ofOne[0], { currentA: { l1: 5, l2: 0, l3: 0 } });
  const { problems } = await firstWord(t, driverOf({ ...common, preset: "slimmelezer" }));
  t.match(problems[0], /no current in it/, "the names of the other firmware");
  const { problems: elsewhere } = await firstWord(t, driverOf({ ...common, preset: "youless" }));
  t.match(elsewhere[0], /\/f: status 404/, "a path that must be there");
});

t.test("HTTP: what P1 Monitor repeats is no news", async t => {
  const device = await httpDevice(t);
  const says = (amps: number) => {
    const told = [1, 2, 3].flatMap(n => [
      [73 + n, amps * 0.23],
      [76 + n, 0],
      [99 + n, amps],
      [102 + n, 230],
    ]);
    return told.map(([STATUS_ID, value]) => ({ STATUS_ID, STATUS: String(value), LABEL: "", SECURITY: 0 }));
  };
  let amps = 6;
  device.answer = (request, response) => serving({ "/api/v1/status?json=object": says(amps) })(request, response);
  const { samples } = listenToSoon(t, driverOf({ kind: "http", preset: "p1monitor", url: device.url }));
  await until("it was asked often", () => device.asked.length > 10);
  t.strictSame(samples, [], "how old the first answer is nobody knows");
  amps = 7;
  const { length } = device.asked;
  await until("it was asked often again", () => device.asked.length > length + 10);
  t.strictSame(
    samples.map(({ currentA }) => currentA.l1),
    [7],
  );
});

t.test("HTTP: an EcoTracker says how old its values are, and guards no fuse", async t => {
  const device = await httpDevice(t);
  let says: object = { power: 1_380, energyCounterIn: 5_000, energyCounterOut: 70, agePower: 4_000 };
  device.answer = (request, response) => serving({ "/v1/json": says })(request, response);
  const common = { kind: "http", preset: "ecotracker", url: device.url };
  const askedFrom = systemClock.now();
  const roof = await firstWord(t, driverOf(common, {}, { config: { role: "pv" } }));
  const [sample] = roof.samples;
  t.match(sample, { currentA: { l1: 2, l2: 2, l3: 2 }, totalPowerW: 1_380, isDerived: true, importWh: 5_000 });
  const youngest = systemClock.now() - 4_000;
  t.ok((sample?.sampledAt ?? 0) <= youngest && (sample?.sampledAt ?? 0) >= askedFrom - 4_000, "as old as it says");
  const mains = await firstWord(t, driverOf(common));
  t.match(mains.problems[0], /guards no fuse per phase/);
  says = { power: 1_380 };
  const ageless = await firstWord(t, driverOf(common, {}, { config: { role: "pv" } }));
  t.match(ageless.problems[0], /\/v1\/json: an answer that does not say how old its values are/);
});

t.test("HTTP: an IOmeter's total serves a roof and a connection of one phase", async t => {
  const device = await httpDevice(t);
  let watts = 690;
  const register = (obis: string, value: number) => ({ obis: `01-00:${obis}*ff`, value, unit: "W" });
  device.answer = (request, response) => {
    const registers = [register("10.07.00", watts), register("01.08.00", 5_000), register("02.08.00", 70)];
    serving({ "/v1/reading": { meter: { number: "1", reading: { registers } } } })(request, response);
  };
  const common = { kind: "http", preset: "iometer", url: device.url };
  const roof = listenToSoon(t, driverOf(common, {}, { config: { role: "pv" } }));
  const single = listenToSoon(t, driverOf({ ...common, phases: 1 }));
  await until("both have asked", () => device.asked.length > 6);
  watts = -1_380;
  await until("both have news", () => roof.samples.length > 0 && single.samples.length > 0);
  t.match(roof.samples[0], { currentA: { l1: -2, l2: -2, l3: -2 }, totalPowerW: -1_380, exportWh: 70 });
  t.match(single.samples[0], { currentA: { l1: -6, l2: 0, l3: 0 }, isDerived: true });
});

t.test("MQTT: openWB's grid meter, a list in each of two topics", async t => {
  const broker = await startMosquitto(t);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const publisher = await connectAsync(url, { username: "evse", password: "secret", protocolVersion: 4 });
  t.teardown(() => publisher.endAsync(true));
  const driver = driverOf({ kind: "mqtt", url, user: "evse", password: "secret", preset: "openwb", device: "openWB" });
  const { samples } = listenToSoon(t, driver);
  await until("a sample", async () => {
    await publisher.publishAsync("openWB/counter/0/get/currents", "[16.0, 7.0, 3.0]", { qos: 1 });
    await publisher.publishAsync("openWB/counter/0/get/powers", "[3680.0, -1610.0, 690.0]", { qos: 1 });
    return samples.length > 0;
  });
  t.match(samples[0], { currentA: { l1: 16, l2: -7, l3: 3 }, totalPowerW: 2_760 });
});

t.test("MQTT: values on many topics make one sample, as old as the oldest; what was stored is not taken", async t => {
  const broker = await startMosquitto(t);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const login = { user: "evse", password: "secret" };
  const publisher = await connectAsync(url, { username: "evse", password: "secret", protocolVersion: 4 });
  t.teardown(() => publisher.endAsync(true));
  const topics = ["currents/1", "currents/2", "currents/3", "powers/1", "powers/2", "powers/3"].map(
    name => `evcc/site/grid/${name}`,
  );
  const values = [16, 7, 3, 3_680, -1_610, 690];
  for (const [at, topic] of topics.entries())
    await publisher.publishAsync(topic, String(values[at]), { retain: true, qos: 1 });
  const driver = driverOf({ kind: "mqtt", url, ...login, preset: "evcc", device: "evcc" });
  const { samples, problems } = listenTo(driver);
  t.teardown(() => driver.stop());
  await new Promise(resolve => setTimeout(resolve, 400));
  t.strictSame([samples, problems], [[], []], "nothing of what the broker had kept");
  const tell = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at += 1)
      await publisher.publishAsync(topics[at] ?? "", String(values[at]), { qos: 1 });
  };
  const startedAt = systemClock.now();
  await tell(0, 5);
  await new Promise(resolve => setTimeout(resolve, 300));
  t.equal(samples.length, 0, "five of six are no sample");
  await tell(5, 6);
  await until("a sample", () => samples.length === 1);
  t.match(samples[0], { currentA: { l1: 16, l2: -7, l3: 3 } });
  const age = systemClock.now() - (samples[0]?.sampledAt ?? 0);
  t.ok(age >= 280 && (samples[0]?.sampledAt ?? 0) >= startedAt, `${Math.round(age)} ms old: the first part of it`);
  await tell(5, 6);
  await new Promise(resolve => setTimeout(resolve, 100));
  t.equal(samples.length, 1, "one new value makes no new sample");
  await driver.stop();

  const refused = driverOf({ kind: "mqtt", url, user: "evse", password: "wrong", topic: "a" });
  t.match((await firstWord(t, refused)).problems[0], /Not authorized/i);
  await refused.stop();
});

t.test(
  "Sensorbox on a serial line: wiring is set right, generations are followed, nothing new is no sample",
  async t => {
    const { slave, address } = await serialSlave(t, 9_600);
    const state: BoxState = { model: "2", generation: 1, wiring: 1, ct: [5, 6, 7], p1: null };
    const honest = simulatedSensorbox(state);
    const asked: string[] = [];
    slave.addDevice(10, request => {
      asked.push(request.subarray(1).toString("hex"));
      return honest(request);
    });
    const lines = new ModbusLines({ rail: address }, { clock: systemClock });
    const driver = driverOf({ kind: "sensorbox", line: "rail", wiring: "3wire" }, { lines });
    const { samples } = listenTo(driver);
    t.teardown(() => driver.stop());
    await until("the first sample", () => samples.length === 1);
    t.match(samples[0], { currentA: { l1: 5, l2: 6, l3: 7 } });
    await until("the wiring is written", () => state.wiring === 2);
    await until("the extended registers are read", () => asked.includes("0400000020"));
    t.strictSame(asked.slice(0, 2), ["0400000014", "0608000002"], "20 registers first, then the wiring");
    await new Promise(resolve => setTimeout(resolve, 500));
    t.equal(samples.length, 1, "an empty box gives no sample");
    state.p1 = { currentA: [-2, 3, 4], voltageV: [230, 231, 229], version: 50 };
    state.ct = [9, 9, 9];
    await until("the next sample", () => samples.length === 2);
    t.match(samples[1], { currentA: { l1: -2, l2: 3, l3: 4 } }, "the smart meter before the transformers");
    t.equal(asked.filter(request => request.startsWith("06")).length, 1, "written once");
  },
);

t.test(
  "Tibber Pulse: what the bridge repeats is no news, and what is news is as old as the question before",
  async t => {
    const device = await httpDevice(t);
    let said = smlFileOf(6);
    device.answer = (_request, response) => void response.end(said);
    const driver = driverOf({ kind: "pulse", url: device.url, password: "x" });
    const { samples } = listenTo(driver);
    t.teardown(() => driver.stop());
    await until("it was asked often", () => device.asked.length > 10);
    t.strictSame(samples, [], "how old the first answer is nobody knows");
    const before = systemClock.now();
    said = smlFileOf(7);
    const { length } = device.asked;
    await until("it was asked often again", () => device.asked.length > length + 10);
    t.equal(samples.length, 1);
    t.match(samples[0], { currentA: { l1: 7, l2: 7, l3: 7 } });
    t.ok((samples[0]?.sampledAt ?? Infinity) <= before, "it came after the answer before");
  },
);

t.test("Tibber Pulse: the password of the label", async t => {
  const bench = await pulseBench(t);
  const source = bench.driver.source;
  await bench.driver.stop();
  const wrong = driverOf({ kind: "pulse", url: source.replace("Tibber Pulse, ", ""), password: "no" });
  const { problems } = await firstWord(t, wrong);
  t.match(problems[0], /node_id=1: status 401/);
});

t.test("Speedwire: of two meters one must be named; what was overtaken is old", async t => {
  const port = await freeUdpPort();
  const send = await speedwireSender(t, port);
  const says = (serial: number, ticks: number, amps: number) =>
    send(speedwireDatagram({ serial, ticks, currentA: [amps, amps, amps] }));
  const common = { kind: "speedwire", interfaceAddress: "127.0.0.1", port };
  const named = driverOf({ ...common, serial: 1 });
  const any = driverOf(common);
  const [ofNamed, ofAny] = [listenTo(named), listenTo(any)];
  t.teardown(() => Promise.all([named.stop(), any.stop()]));
  let ticks = 1_000_000;
  await until("the only meter is believed, after a while", async () => {
    says(1, (ticks += 100), 5);
    await new Promise(resolve => setTimeout(resolve, 50));
    return ofAny.samples.length > 0;
  });
  t.ok(ofNamed.samples.length > 10, "a meter that is named is believed at once");
  says(2, 5, 9);
  await until("the other one is named", () => ofAny.problems.some(words => /meters 1, 2 speak/.test(words)));
  const [heardOfNamed, heardOfAny] = [ofNamed.samples.length, ofAny.samples.length];
  says(1, ticks - 100, 6);
  says(1, ticks + 100, 7);
  await until("the newest is heard", () => ofNamed.samples.length > heardOfNamed);
  t.strictSame(
    ofNamed.samples.slice(heardOfNamed).map(({ currentA }) => currentA.l1),
    [7],
  );
  t.equal(ofAny.samples.length, heardOfAny, "and nothing is believed where it is not clear whom");
});

t.test("Speedwire: a network that is not there is said, and looked for again", async t => {
  const driver = driverOf({ kind: "speedwire", serial: 1, interfaceAddress: "192.0.2.1", port: await freeUdpPort() });
  const { problems } = await firstWord(t, driver);
  t.match(problems[0], /Speedwire: .*(EADDRNOTAVAIL|ENODEV|EINVAL)/);
});
