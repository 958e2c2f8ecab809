import fc from "fast-check";
import t from "tap";
import { ApiMeter } from "../../services/meter/drivers/api.ts";
import { householdA } from "../../services/meter/drivers/household.ts";
import { SimulatedMeter } from "../../services/meter/drivers/simulated.ts";
import { meterConfig } from "../../services/meter/meter.config.ts";
import {
  freshMeter,
  keepMeter,
  type MeterInput,
  type MeterOutput,
  type MeterState,
} from "../../services/meter/meter.core.ts";
import type { MeterSpec, Sample } from "../../services/meter/meter.port.ts";
import { describeIssues } from "../../shared/contracts/define.ts";
import { type MeterReading, type MeterStatus, meterReading, meterStatus } from "../../shared/contracts/meter.ts";
import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { PHASES } from "../../shared/contracts/units.ts";
import { MeterFeedRefused } from "../../shared/errors.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { listenTo } from "../support/modbus-bench.ts";

const counters = { requests: 0, replies: 0, timeouts: 0, refused: 0, exceptions: 0 };

/** One meter's core, fed by hand; collects what it says. */
class Kept {
  now = 0;
  state: MeterState;
  readonly outputs: MeterOutput[] = [];
  /** When each output was said. */
  readonly saidAt: number[] = [];

  constructor(config: Record<string, unknown>) {
    this.state = freshMeter("mains", meterConfig.parse(config));
    this.tell({ kind: "start" });
  }

  tell(input: MeterInput): void {
    const step = keepMeter(this.state, input, this.now);
    this.state = step.state;
    this.outputs.push(...step.outputs);
    this.saidAt.push(...step.outputs.map(() => this.now));
  }

  settings(site: Record<string, number>, points: Record<string, Record<string, number>> = {}): void {
    const settings: SettingsCurrent = { revision: 1, site, points };
    this.tell({ kind: "settings", settings });
  }

  sample(amps: number, sampledAt = this.now): void {
    const sample: Sample = {
      currentA: { l1: amps, l2: 0, l3: 0 },
      powerW: null,
      totalPowerW: null,
      importWh: null,
      exportWh: null,
      sampledAt,
    };
    this.tell({ kind: "sample", generation: this.state.generation, sample });
  }

  wait(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 250;
      this.tell({ kind: "tick", counters });
    }
  }

  get readings(): Omit<MeterReading, "measuredAt">[] {
    return this.outputs.flatMap(output => (output.kind === "reading" ? [output.reading] : []));
  }

  get status(): MeterStatus {
    const said = this.outputs.flatMap(output => (output.kind === "status" ? [output.status] : [])).at(-1);
    if (said === undefined) throw new Error("no status was said");
    return said;
  }

  get specs(): (MeterSpec | null)[] {
    return this.outputs.flatMap(output => (output.kind === "driver" ? [output.spec] : []));
  }
}

const bySetting = { role: "mains", driver: { kind: "setting", line: "rail" } };
const eastron = { mains_meter: 4, mains_meter_address: 10 };

t.test(
  "tells every new sample once at once, and repeats it with its growing age while it may be used [4.1-R]",
  async t => {
    const meter = new Kept({ role: "mains", driver: { kind: "api" } });
    meter.now = 1_000;
    meter.sample(5, 950);
    t.match(meter.readings, [{ sequence: 1, ageMs: 50, currentA: { l1: 5 }, role: "mains", evseId: null }]);
    meter.sample(5, 950);
    t.equal(meter.readings.length, 1, "the same sample again is no news");
    meter.sample(4, 900);
    t.equal(meter.readings.length, 1, "nor is an older one");
    meter.wait(30_000);
    t.strictSame(
      meter.readings.slice(1).map(({ sequence, ageMs }) => [sequence, ageMs]),
      [
        [1, 2_050],
        [1, 4_050],
        [1, 6_050],
        [1, 8_050],
        [1, 10_050],
      ],
      "not beyond the 11 s a mains sample may be used",
    );
    meter.sample(6);
    t.match(meter.readings.at(-1), { sequence: 2, ageMs: 0 });
  },
);

t.test(
  "is silent after three of its own intervals, at the earliest after 3 s, at the latest when samples expire",
  async t => {
    for (const [everyMs, silentAfterMs] of [
      [500, 3_000],
      [1_000, 3_000],
      [2_000, 6_000],
      [10_000, 11_000],
    ] as const) {
      const meter = new Kept({ role: "mains", driver: { kind: "api" } });
      for (let count = 0; count < 6; count += 1) {
        meter.sample(count);
        t.equal(meter.status.state, "ok");
        if (count < 5) meter.wait(everyMs);
      }
      meter.wait(silentAfterMs);
      t.equal(meter.status.state, "ok", `every ${everyMs} ms: still heard after ${silentAfterMs} ms`);
      meter.wait(250);
      t.equal(meter.status.state, "silent", `every ${everyMs} ms: then not`);
      meter.sample(9);
      t.equal(meter.status.state, "ok", "the next sample ends it");
    }
  },
);

t.test("the setting chooses the meter, at start and while it runs", async t => {
  const meter = new Kept(bySetting);
  t.match(meter.status, { state: "waiting", lastError: "the settings have not been heard yet" });
  t.strictSame(meter.specs, [null]);

  meter.settings({ mains_meter: 0 });
  t.match(meter.status, { state: "off", typeLabel: "Disabled", address: null, lastError: null, source: "none" });
  meter.wait(4_000);
  t.equal(meter.readings.length, 0);

  meter.settings(eastron);
  t.match(meter.specs.at(-1), {
    kind: "modbus",
    meter: "eastron_sdm630",
    address: 10,
    line: "rail",
    pollMs: 1_000,
    role: "mains",
  });
  t.match(meter.status, { state: "waiting", typeLabel: "Eastron3P", address: 10 });
  meter.tell({
    kind: "opened",
    generation: meter.state.generation,
    source: "Eastron3P, address 10, tcp 127.0.0.1:502",
  });
  t.equal(meter.status.source, "Eastron3P, address 10, tcp 127.0.0.1:502");
  meter.sample(3);
  t.match(meter.status, { state: "ok", lastSampleAgeMs: 0 });

  const { length } = meter.specs;
  meter.settings({ ...eastron, current_main: 25 });
  t.equal(meter.specs.length, length, "other settings leave it alone");
  meter.settings({ ...eastron, mains_meter_address: 11 });
  t.match(meter.specs.at(-1), { kind: "modbus", address: 11 });
  t.match(meter.status, { state: "waiting", lastSampleAgeMs: null }, "what the other meter said is forgotten");
  meter.tell({
    kind: "sample",
    generation: meter.state.generation - 1,
    sample: { ...meterReading.example, sampledAt: meter.now },
  });
  meter.tell({ kind: "problem", generation: meter.state.generation - 1, words: "of the other one" });
  t.match(meter.status, { state: "waiting", lastError: null }, "and not heard any more");
  t.equal(meter.readings.length, 1);

  meter.settings({ mains_meter: 9 });
  t.match(meter.specs.at(-1), { kind: "api" });
  t.match(meter.status, { typeLabel: "API", address: null });
  meter.settings({ mains_meter: 0 });
  t.equal(meter.specs.at(-1), null);
  t.match(meter.status, { state: "off" });
});

t.test("the rhythm of one meter is not expected of the next", async t => {
  const meter = new Kept(bySetting);
  meter.settings({ mains_meter: 9 });
  for (let count = 0; count < 4; count += 1) {
    meter.sample(count);
    meter.wait(10_000);
  }
  meter.settings(eastron);
  meter.sample(1);
  meter.wait(3_250);
  t.equal(meter.status.state, "silent");
});

t.test("a type that is in the menu but cannot be read here waits, and says what is lacking", async t => {
  const meter = new Kept(bySetting);
  meter.settings({ mains_meter: 13 });
  const lacking = { state: "waiting", typeLabel: "HmWzrd P1", lastError: /driver\.homewizardUrl$/ };
  t.match(meter.status, lacking);
  t.equal(meter.specs.at(-1), null);
  meter.wait(20_000);
  t.equal(meter.readings.length, 0);
  t.match(meter.status, lacking, "for as long as it is chosen");
});

t.test("a Sensorbox or a HomeWizard is chosen in the menu like any other meter", async t => {
  const meter = new Kept({ role: "mains", driver: { kind: "setting", line: "rail", homewizardUrl: "http://p1meter" } });
  meter.settings({ mains_meter: 1, mains_meter_address: 10, grid: 1, current_main: 25 });
  t.match(meter.specs.at(-1), { kind: "sensorbox", address: 10, line: "rail", wiring: 2, ctFactor: 1 });
  meter.settings({ mains_meter: 1, mains_meter_address: 10, grid: 0, current_main: 101 });
  t.match(meter.specs.at(-1), { kind: "sensorbox", wiring: 0, ctFactor: 2 }, "larger transformers above 100 A");
  meter.settings({ mains_meter: 13 });
  t.match(meter.specs.at(-1), { kind: "http", origin: "http://p1meter", paths: ["/api/v1/data"] });
  t.equal(meter.status.typeLabel, "HmWzrd P1");
});

t.test("each role has its own settings; a fixed driver needs none", async t => {
  const ev = new Kept({ role: "ev", evseId: "left", driver: { kind: "setting" }, reversed: true });
  ev.settings({}, { left: { ev_meter: 5, ev_meter_address: 14 }, right: { ev_meter: 4 } });
  t.match(ev.specs.at(-1), {
    meter: "eastron_3p_inv",
    address: 14,
    line: null,
    pollMs: 2_000,
    mounting: { reversed: true },
  });
  t.match(ev.status, { role: "ev", evseId: "left", typeLabel: "InvEastrn" });
  const circuit = new Kept({ role: "circuit", driver: { kind: "setting" }, pollMs: 500 });
  circuit.settings({ circuit_meter_type: 2 });
  t.match(circuit.specs.at(-1), { meter: "phoenix_eem350", address: 13, pollMs: 500 });
  const fixed = new Kept({ role: "pv", driver: { kind: "modbus", type: "Phoenix C", address: 20, line: "roof" } });
  t.match(fixed.specs, [{ kind: "modbus", meter: "phoenix_eem350", address: 20, line: "roof" }]);
  fixed.settings(eastron);
  t.equal(fixed.specs.length, 1);
  const simulated = new Kept({ role: "mains", driver: { kind: "simulated" } });
  t.match(simulated.specs, [{ kind: "simulated", baseA: 1.5, seed: 1 }]);
  t.equal(simulated.status.typeLabel, "Simulated");
});

t.test("a problem is shown until it has not come back for 10 s", async t => {
  const meter = new Kept({ role: "mains", driver: { kind: "api" } });
  const problem = (): void => {
    meter.tell({ kind: "problem", generation: meter.state.generation, words: "address 10: CRC" });
  };
  meter.sample(1);
  problem();
  meter.wait(2_000);
  t.equal(meter.status.lastError, "address 10: CRC");
  for (let second = 0; second < 11; second += 1) {
    meter.sample(second);
    meter.wait(1_000);
  }
  t.equal(meter.status.lastError, null);
});

t.test(
  "whatever comes in, everything said keeps its contract and every reading tells the age of its sample",
  async () => {
    const step = fc.record({
      waitMs: fc.nat(4_000),
      what: fc.constantFrom("sample", "late sample", "problem", "eastron", "api", "off", "sensorbox", "tick"),
      lateMs: fc.nat(3_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const meter = new Kept(bySetting);
        const sampledAt = new Map<number, number>();
        for (const { waitMs, what, lateMs } of steps) {
          meter.wait(waitMs);
          const before = meter.state.sequence;
          if (what === "sample") meter.sample(1);
          if (what === "late sample") meter.sample(2, Math.max(0, meter.now - lateMs));
          if (what === "problem") meter.tell({ kind: "problem", generation: meter.state.generation, words: "broken" });
          if (what === "eastron") meter.settings(eastron);
          if (what === "api") meter.settings({ mains_meter: 9 });
          if (what === "off") meter.settings({ mains_meter: 0 });
          if (what === "sensorbox") meter.settings({ mains_meter: 1 });
          if (meter.state.sequence !== before) sampledAt.set(meter.state.sequence, meter.state.sample?.sampledAt ?? -1);
        }
        return meter.outputs.every((output, index) => {
          if (output.kind === "driver") return true;
          if (output.kind === "status") return meterStatus.payload.safeParse(output.status).success;
          const { sequence, ageMs } = output.reading;
          const isTrue = (meter.saidAt[index] ?? NaN) - ageMs === sampledAt.get(sequence);
          const civil = { ...output.reading, measuredAt: "2026-01-01T00:00:00.000Z" };
          return isTrue && ageMs <= 11_000 && meterReading.payload.safeParse(civil).success;
        });
      }),
      { seed: 4 },
    );
  },
);

t.test("refuses a site file's meter with the field and what would be right", async t => {
  const good = { role: "mains", driver: { kind: "setting" } };
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ ...good, role: "house" }, /^role: .*"mains"/],
    [{ driver: { kind: "setting" } }, /^role: /],
    [{ ...good, evseId: "left" }, /^evseId: only a meter of role ev has one, not mains/],
    [{ ...good, role: "ev" }, /^evseId: expected the charge point of a meter of role ev/],
    [{ ...good, role: "ev", evseId: "Left!" }, /^evseId: expected 1 to 32 of/],
    [{ ...good, role: "pv" }, /^driver\.kind: setting is for the roles mains, circuit, ev, not pv/],
    [
      { ...good, role: "ev", evseId: "left", driver: { kind: "simulated" } },
      /simulated household is for the roles mains/,
    ],
    [
      { ...good, driver: { kind: "modbus", type: "Eastron", address: 10 } },
      /^driver\.type: no Modbus meter is called Eastron; did you mean Eastron[13]P or Eastron[13]P/,
    ],
    [{ ...good, driver: { kind: "modbus", type: "Eastron3P", address: 248 } }, /^driver\.address: .*<=247/],
    [{ ...good, driver: { kind: "modbus", type: "Eastron3P", address: 1.5 } }, /^driver\.address: .*int/],
    [{ ...good, driver: { kind: "modbus", type: "Eastron3P" } }, /^driver\.address: /],
    [{ ...good, driver: { kind: "modem" } }, /^driver\.kind: /],
    [{ role: "mains", driver: { kind: "sml" } }, /^driver\.link: /],
    [{ role: "mains", driver: { kind: "pulse", url: "http://192.168.1.40" } }, /^driver\.password: /],
    [{ role: "mains", driver: { kind: "speedwire", serial: 0 } }, /^driver\.serial: /],
    [
      { role: "mains", driver: { kind: "speedwire", interfaceAddress: "eth0" } },
      /^driver\.interfaceAddress: expected an IPv4 address such as 192\.168\.1\.2/,
    ],
    [{ ...good, driver: { kind: "api", address: 10 } }, /address/],
    [{ ...good, driver: { kind: "simulated", baseA: 21 } }, /^driver\.baseA: .*<=20/],
    [{ ...good, driver: { kind: "simulated", seed: -1 } }, /^driver\.seed: /],
    [{ ...good, pollMs: 100 }, /^pollMs: .*>=200/],
    [{ ...good, pollMs: "1000" }, /^pollMs: .*number/],
    [{ ...good, phaseRotation: ["l1", "l2", "l2"] }, /^phaseRotation: expected each of l1, l2, l3 once/],
    [{ ...good, phaseRotation: ["l1", "l2"] }, /^phaseRotation/],
    [{ ...good, reversed: "yes" }, /^reversed: .*boolean/],
    [{ ...good, lines: "rail" }, /lines/],
  ];
  for (const [config, words] of cases) {
    const parsed = meterConfig.safeParse(config);
    t.match(parsed.success ? "accepted" : describeIssues(parsed.error), words, JSON.stringify(config));
  }
  t.match(meterConfig.parse({ role: "mains" }), { driver: { kind: "setting" }, pollMs: 1_000, reversed: false });
});

const mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] } as const;
const nothing = { currentA: null, totalPowerW: null, importWh: null, exportWh: null };

t.test(
  "a fed meter makes a sample of currents; power and energy come with the next ones and age on their own",
  async t => {
    const clock = new ManualClock();
    const meter = new ApiMeter({ role: "mains", pollMs: 1_000, mounting, kind: "api" }, clock);
    const { samples } = listenTo(meter);
    t.ok(meter.feed({ ...nothing, totalPowerW: -700, importWh: 5_000, exportWh: 800 }));
    t.strictSame(samples, [], "power alone is no sample of currents");
    clock.advance(5_000);
    meter.feed({ ...nothing, currentA: { l1: 1, l2: -4, l3: 0 } });
    clock.advance(5_000);
    meter.feed({ ...nothing, importWh: 5_010 });
    t.equal(samples.length, 1, "and makes none look fresh");
    clock.advance(2_000);
    meter.feed({ ...nothing, currentA: { l1: 2, l2: 2, l3: 2 } });
    t.strictSame(samples, [
      {
        currentA: { l1: 1, l2: -4, l3: 0 },
        powerW: null,
        totalPowerW: -700,
        importWh: 5_000,
        exportWh: 800,
        sampledAt: 5_000,
      },
      {
        currentA: { l1: 2, l2: 2, l3: 2 },
        powerW: null,
        totalPowerW: null,
        importWh: 5_010,
        exportWh: 800,
        sampledAt: 12_000,
      },
    ]);
    t.strictSame(meter.counters(), { requests: 4, replies: 4, timeouts: 0, refused: 0, exceptions: 0 });
  },
);

t.test("a fed meter drops impossible currents whole and says what it expects", async t => {
  for (const [role, amps, expected] of [
    ["mains", 200.1, "-200..200"],
    ["mains", -200.1, "-200..200"],
    ["circuit", NaN, "-200..200"],
    ["ev", 100, "0..99.9"],
    ["ev", -0.1, "0..99.9"],
  ] as const) {
    const meter = new ApiMeter({ role, pollMs: 1_000, mounting, kind: "api" }, new ManualClock());
    const { samples, problems } = listenTo(meter);
    const feed = { ...nothing, currentA: { l1: 1, l2: amps, l3: 1 }, importWh: 7 };
    t.throws(() => meter.feed(feed), new MeterFeedRefused(`fed current L2 of ${amps} A; expected ${expected} A`));
    t.equal(problems.length, 1);
    meter.feed({ ...nothing, currentA: { l1: 1, l2: 1, l3: 1 } });
    t.match(samples, [{ currentA: { l2: 1 }, importWh: null }], "nothing of the refused message stays");
  }
});

t.test("a fed meter stands as it is mounted", async t => {
  const turned = { reversed: true, phaseRotation: ["l2", "l3", "l1"] } as const;
  const meter = new ApiMeter({ role: "mains", pollMs: 1_000, mounting: turned, kind: "api" }, new ManualClock());
  const { samples } = listenTo(meter);
  meter.feed({ currentA: { l1: 1, l2: 2, l3: 0 }, totalPowerW: 690, importWh: 10, exportWh: 20 });
  t.match(samples, [{ currentA: { l2: -1, l3: -2, l1: 0 }, totalPowerW: -690, importWh: 20, exportWh: 10 }]);
  t.ok(Object.is(samples[0]?.currentA.l1, 0), "no minus nought");
});

t.test("a simulated household is the same for the same seed and moment, and lives like one", async t => {
  const day = Date.UTC(2026, 0, 15);
  // Three a minute: thermostats switch within one.
  const samples = Array.from({ length: 4_320 }, (_, at) => householdA(day + at * 20_000, 1.5, 7));
  t.strictSame(samples[1_800], householdA(day + 36_000_000, 1.5, 7));
  const other = samples.map((_, at) => householdA(day + at * 20_000, 1.5, 8));
  t.not(JSON.stringify(samples), JSON.stringify(other), "another seed is another household");
  for (const phase of PHASES) {
    const amps = samples.map(each => each[phase]).sort((a, b) => a - b);
    const average = amps.reduce((sum, each) => sum + each, 0) / amps.length;
    t.ok((amps[0] ?? 0) > 0.5, `${phase}: something is always on`);
    t.ok(average > 1.4 && average < 2.6, `${phase}: ${average} A on average`);
    t.ok((amps.at(-1) ?? 0) > 9 && (amps.at(-1) ?? 0) < 25, `${phase}: an appliance stands out`);
  }
  const at = (hour: number): number =>
    samples.slice(hour * 180, hour * 180 + 180).reduce((sum, each) => sum + each.l3, 0);
  t.ok(at(19) > at(3), "the evening takes more than the night");
});

t.test("a simulated meter counts the energy of what it shows", async t => {
  const clock = new ManualClock();
  const spec = { role: "mains", pollMs: 1_000, mounting, kind: "simulated", baseA: 2, seed: 3 } as const;
  const meter = new SimulatedMeter(spec, clock);
  const { samples } = listenTo(meter);
  clock.advance(3_600_000);
  const last = samples.at(-1);
  const averageW = samples.reduce((sum, each) => sum + (each.totalPowerW ?? 0), 0) / samples.length;
  t.equal(samples.length, 3_601);
  t.ok(Math.abs((last?.importWh ?? 0) - averageW) < 1, `${last?.importWh ?? 0} Wh in an hour of ${averageW} W`);
  t.match(meter.source, /simulated household, 2 A per phase, seed 3/);
});

t.test("names what its samples show to be wrong with it, once, and tells its rhythm and voltages", async t => {
  const meter = new Kept({ role: "mains", driver: { kind: "api" } });
  const statuses = (): number => meter.outputs.filter(output => output.kind === "status" && output.changed).length;
  const odd = (contradicts: readonly ("l1" | "l2" | "l3")[]): void => {
    meter.wait(1_000);
    const currentA = { l1: 10 + meter.now / 1e6, l2: -5, l3: 0 };
    const powerW = { l1: 2_300, l2: 1_150, l3: 0 };
    const sample: Sample = {
      ...{ currentA, powerW, totalPowerW: 3_450, importWh: null, exportWh: null },
      ...{ voltageV: { l1: 230, l2: 231, l3: 0 }, isDerived: true, contradicts, sampledAt: meter.now },
    };
    meter.tell({ kind: "sample", generation: meter.state.generation, sample });
  };
  for (let count = 0; count < 9; count += 1) odd(["l2"]);
  t.strictSame(meter.status.findings, []);
  const before = statuses();
  odd(["l2"]);
  odd(["l2"]);
  t.match(meter.status.findings, [{ code: "sign-conflict", text: /^current and power of L2/ }]);
  t.match(meter.status.lastError, /^current and power of L2/, "where a face looks for what is wrong");
  t.equal(statuses(), before + 1, "a change once");
  t.equal(meter.status.cadenceMs, 1_000);
  t.match(meter.readings.at(-1), { voltageV: { l1: 230, l2: 231, l3: 0 }, quality: "derived" });
  t.notOk("contradicts" in (meter.readings.at(-1) ?? {}), "what is for the core stays in the core");
  for (let count = 0; count < 5; count += 1) odd([]);
  t.match(meter.status, { findings: [], lastError: null });
  t.equal(statuses(), before + 2);
});

t.test("a car's meter that sits on other phases than the mains says which", async t => {
  const meter = new Kept({ role: "ev", evseId: "left", driver: { kind: "api" } });
  for (let second = 1; second <= 240; second += 1) {
    meter.wait(1_000);
    const draws = Math.floor(second / 30) % 2 === 1 ? 16 : 0;
    const currentA = { l1: 3, l2: 3 + draws, l3: 3 };
    const base = {
      meterId: "mains",
      role: "mains",
      evseId: null,
      sequence: second,
      measuredAt: "2026-01-01T00:00:00Z",
    } as const;
    const rest = {
      ageMs: 200,
      powerW: null,
      totalPowerW: null,
      importWh: null,
      exportWh: null,
      quality: "measured",
    } as const;
    meter.tell({ kind: "mains", reading: { ...base, ...rest, currentA } });
    if (second % 2 === 0) meter.sample(draws);
  }
  t.match(meter.status.findings, [{ code: "phases-swapped", text: /^L1 of this meter is L2 of the mains meter/ }]);
});
