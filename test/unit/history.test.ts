import fc from "fast-check";
import t from "tap";
import {
  type HistoryInput,
  lastDay,
  record,
  splitOf,
  startHistory,
  wholeOf,
} from "../../services/history/history.core.ts";
import { type ChargingSession, evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading } from "../../shared/contracts/meter.ts";

const START_MS = Date.UTC(2026, 5, 1, 10, 2);

const session = (evseId: string, energyWh: number, source: "metered" | "estimated" = "metered"): ChargingSession => ({
  ...evseStatus.example.session!,
  sessionId: `${evseId}-20260601T100200Z`,
  energyWh,
  energySource: source,
});

/** History beside a site on stepped time: every second each car draws, the mains delivers, and everybody tells. */
class HistoryRig {
  now = 0;
  state = startHistory([], null, START_MS, 0);
  readonly kept: ReturnType<typeof wholeOf>[] = [];
  readonly energyWh = new Map<string, number>();
  #sequence = 0;

  tell(input: HistoryInput): this {
    const step = record(this.state, input, this.now);
    this.state = step.state;
    this.kept.push(...step.outputs);
    return this;
  }

  mains(totalPowerW: number): this {
    return this.tell({
      kind: "reading",
      reading: { ...meterReading.example, sequence: this.#sequence++, ageMs: 0, totalPowerW },
    });
  }

  car(evseId: string, powerW: number, metered: boolean, resolutionWh: number): this {
    // A session is first heard of when the car is plugged in.
    const before = this.energyWh.get(evseId);
    const energyWh = before === undefined ? 0 : before + powerW / 3_600;
    this.energyWh.set(evseId, energyWh);
    const currentA = powerW / 690;
    return this.tell({
      kind: "status",
      status: {
        ...evseStatus.example,
        evseId,
        state: powerW > 0 ? "C2" : "B2",
        mayDraw: powerW > 0,
        offerA: Math.max(6, Math.min(80, currentA)),
        drawA: metered ? { l1: currentA, l2: currentA, l3: currentA } : null,
        session: session(evseId, Math.floor(energyWh / resolutionWh) * resolutionWh, metered ? "metered" : "estimated"),
      },
    });
  }

  run(
    seconds: number,
    site: { readonly mainsW: number | null; readonly cars: Readonly<Record<string, number>> },
    { metered = true, resolutionWh = 1 } = {},
  ): this {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1_000;
      if (site.mainsW !== null) this.mains(site.mainsW);
      for (const [id, powerW] of Object.entries(site.cars)) this.car(id, powerW, metered, resolutionWh);
      this.tell({ kind: "tick", civilMs: START_MS + this.now });
    }
    return this;
  }

  split(evseId: string, source: "metered" | "estimated" = "metered") {
    return splitOf(this.state, session(evseId, Math.round(this.energyWh.get(evseId) ?? 0), source));
  }
}

t.test("a car that takes what would be fed back charges solar; what the mains delivers is grid", async t => {
  const half = new HistoryRig().run(3_600, { mainsW: 2_300, cars: { left: 4_600 } });
  t.match(half.split("left"), { unknownWh: 0, source: "measured" });
  t.ok(Math.abs(half.split("left").solarWh - 2_300) <= 5, "half of it was not delivered by the mains");
  const sun = new HistoryRig().run(600, { mainsW: -500, cars: { left: 4_600 } });
  t.strictSame(sun.split("left"), { solarWh: 765, gridWh: 0, unknownWh: 0, source: "measured" });
  const night = new HistoryRig().run(600, { mainsW: 5_000, cars: { left: 4_600 } });
  t.strictSame(night.split("left"), { solarWh: 0, gridWh: 765, unknownWh: 0, source: "measured" });
});

t.test("several cars share the sun by their draw", async t => {
  const rig = new HistoryRig().run(3_600, { mainsW: 3_000, cars: { left: 6_000, right: 3_000 } });
  t.ok(Math.abs(rig.split("left").solarWh - 4_000) <= 15);
  t.ok(Math.abs(rig.split("right").solarWh - 2_000) <= 15);
});

t.test("a register that moves in steps of 100 Wh is shared out by all that flowed since its last step", async t => {
  const rig = new HistoryRig();
  // 36 s of sun, then 36 s of grid, within each step of the register.
  for (let cycle = 0; cycle < 50; cycle += 1) {
    rig.run(36, { mainsW: -1, cars: { left: 5_000 } }, { resolutionWh: 100 });
    rig.run(36, { mainsW: 5_000, cars: { left: 5_000 } }, { resolutionWh: 100 });
  }
  const { solarWh, gridWh } = rig.split("left");
  t.ok(Math.abs(solarWh - gridWh) < 150, `${solarWh} and ${gridWh} Wh`);
});

t.test("without a mains meter, and while history was away, the source is unknown; a gap marks the split", async t => {
  t.strictSame(new HistoryRig().run(600, { mainsW: null, cars: { left: 3_600 } }).split("left"), {
    solarWh: 0,
    gridWh: 0,
    unknownWh: 599,
    source: "none",
  });
  const rig = new HistoryRig().run(600, { mainsW: -9_000, cars: { left: 3_600 } });
  // Away for a minute: 60 Wh that nobody followed.
  rig.now += 60_000;
  rig.energyWh.set("left", (rig.energyWh.get("left") ?? 0) + 60);
  rig.run(600, { mainsW: -9_000, cars: { left: 3_600 } });
  const split = rig.split("left");
  t.ok(split.unknownWh >= 59 && split.unknownWh <= 62, `${split.unknownWh} Wh`);
  t.equal(split.source, "estimated");
});

t.test("an estimated draw makes an estimated split", async t => {
  const rig = new HistoryRig().run(600, { mainsW: -9_000, cars: { left: 6_900 } }, { metered: false });
  t.match(rig.split("left", "estimated"), { source: "estimated", unknownWh: 0 });
});

t.test("what was written down goes on after a restart; what flowed in between is unknown", async t => {
  const rig = new HistoryRig().run(600, { mainsW: -9_000, cars: { left: 3_600 } });
  const kept = rig.kept.at(-1)!;
  const back = new HistoryRig();
  back.state = startHistory(kept.splits, kept.quarters.at(-1) ?? null, START_MS, 0);
  back.energyWh.set("left", 700);
  back.run(600, { mainsW: 3_600, cars: { left: 3_600 } });
  const split = back.split("left");
  const keptWh = kept.splits[0]!.solarWh;
  t.ok(Math.abs(split.solarWh - keptWh) <= 1);
  t.ok(Math.abs(split.unknownWh - (700 - keptWh)) <= 3, `${split.unknownWh} Wh`);
  t.ok(Math.abs(split.gridWh - 600) <= 3);
});

t.test("writes down what runs every 30 s while it grows, and nothing while nothing does", async t => {
  const rig = new HistoryRig().run(600, { mainsW: -9_000, cars: { left: 3_600 } });
  t.ok(rig.kept.length >= 19 && rig.kept.length <= 20, `${rig.kept.length} times in 10 minutes`);
  const before = rig.kept.length;
  rig.run(600, { mainsW: -9_000, cars: {} });
  t.ok(rig.kept.length <= before + 2);
  rig.tell({ kind: "stored", sessionId: session("left", 0).sessionId });
  t.strictSame(wholeOf(rig.state).splits, []);
});

t.test("whatever flows, the parts are not negative and add up to the energy of the session", async () => {
  const phase = fc.record({
    seconds: fc.integer({ min: 1, max: 40 }),
    mainsW: fc.option(fc.integer({ min: -20_000, max: 20_000 })),
    left: fc.integer({ min: 0, max: 22_000 }),
    right: fc.integer({ min: 0, max: 22_000 }),
    awayMs: fc.constantFrom(0, 0, 0, 5_000, 60_000),
    metered: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(phase, { maxLength: 12 }), fc.constantFrom(1, 10, 100), (phases, resolutionWh) => {
      const rig = new HistoryRig();
      for (const { seconds, mainsW, left, right, awayMs, metered } of phases) {
        rig.now += awayMs;
        rig.run(seconds, { mainsW, cars: { left, right } }, { metered, resolutionWh });
      }
      return ["left", "right"].every(id => {
        const { solarWh, gridWh, unknownWh } = rig.split(id);
        const total = Math.round(rig.energyWh.get(id) ?? 0);
        return solarWh >= 0 && gridWh >= 0 && unknownWh >= 0 && solarWh + gridWh + unknownWh === total;
      });
    }),
    { numRuns: 60 },
  );
});

t.test("each quarter hour of the clock keeps its highest mains power; the running one stands last", async t => {
  const rig = new HistoryRig();
  rig.run(300, { mainsW: 1_000, cars: {} }).run(1, { mainsW: 7_200, cars: {} }).run(400, { mainsW: 900, cars: {} });
  rig.run(600, { mainsW: 2_500, cars: {} });
  const written = new Map(rig.kept.flatMap(({ quarters }) => quarters.map(one => [one.startMs, one] as const)));
  const day = lastDay([...written.values(), ...rig.state.quarters], START_MS + rig.now);
  t.equal(day.length, 96);
  t.strictSame(day.slice(-3), [
    { startsAt: "2026-06-01T09:45:00.000Z", peakW: null },
    { startsAt: "2026-06-01T10:00:00.000Z", peakW: 7_200 },
    { startsAt: "2026-06-01T10:15:00.000Z", peakW: 2_500 },
  ]);
});

t.test("a clock that is set back does not stop the peaks; a late sample opens no quarter again", async t => {
  const rig = new HistoryRig().run(10, { mainsW: 1_000, cars: {} });
  rig.tell({ kind: "tick", civilMs: START_MS + 86_400_000 });
  rig.mains(5_000);
  rig.tell({ kind: "tick", civilMs: START_MS + rig.now });
  rig.mains(2_000);
  t.equal(rig.state.quarters.at(-1)?.peakW, 2_000);
  rig.now += 900_000;
  rig.tell({ kind: "tick", civilMs: START_MS + rig.now });
  rig.mains(100);
  const late = { ...meterReading.example, sequence: 99_999, ageMs: 600_000, totalPowerW: 9_000 };
  rig.tell({ kind: "reading", reading: late });
  t.equal(rig.state.quarters.at(-1)?.peakW, 100);
});
