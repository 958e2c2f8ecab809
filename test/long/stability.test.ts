import fc from "fast-check";
import t from "tap";
import { BalancerRig } from "../support/balancer-rig.ts";
import { SolarRig } from "../support/solar-rig.ts";

// After any single step the offers settle within 10 s and the cars' reaction, and then move less than 0.5 A. A car's reaction is
// at least the 6 s that the controller has to reckon with (IEC 61851-1 A.4: 5 s, and the way there).

const SETTLE_MS = 10_000;
const LEAST_REACTION_MS = 6_000;
/** A single-phase car behind three phases is known as such only once it has charged on one for this long. */
const RECOGNISED_MS = 10_000;
/** What a car leaves of its offer is lent to others after 12 s, with one raise. */
const LENT_MS = 12_000 + 6_000;
const MOVES_A = 0.5;
const WATCHED_MS = 120_000;

const car = fc.record({
  phases: fc.constantFrom<1 | 3>(1, 3, 3),
  lagMs: fc.integer({ min: 0, max: 20 }).map(quarters => quarters * 250),
  rampAPerS: fc.constantFrom(Infinity, Infinity, 1, 2, 4),
  ceilingA: fc.constantFrom(10, 16, 20, 32),
  /** The most it takes; what it is offered beyond stays unused. */
  takesA: fc.integer({ min: 6, max: 32 }),
});
const plant = fc.record({
  cars: fc.array(car, { minLength: 1, maxLength: 8 }),
  spareA: fc.integer({ min: 4, max: 40 }),
  periodMs: fc.constantFrom(500, 1_000, 2_000),
  evMeterLateMs: fc.constantFrom(0, 250, 500),
  houseShare: fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
  step: fc.constantFrom<"load" | "join" | "leave">("load", "load", "join", "leave"),
  /** The car that joins or leaves, or the phase whose load changes. */
  which: fc.nat(7),
  /** Whether cars take all that they are offered. */
  takesAll: fc.boolean(),
});
type Plant = typeof plant extends fc.Arbitrary<infer T> ? T : never;

interface Outcome {
  readonly settledMs: number;
  readonly allowedMs: number;
  readonly trace: string;
}

/** Brings a plant to rest, makes its step, and tells when the last offer was away from where it ended. Null: no rest to begin with. */
function outcomeOf({
  cars,
  spareA,
  periodMs,
  evMeterLateMs,
  houseShare,
  step,
  which,
  takesAll,
}: Plant): Outcome | null {
  const ids = cars.map((_car, index) => `p${index}`);
  const mainsA = Math.max(20, 6 * ids.length + spareA);
  const rig = new BalancerRig(ids, { mainsA }, {}, periodMs);
  rig.evMeterLateMs = evMeterLateMs;
  cars.forEach(({ takesA, ...kind }, index) => {
    Object.assign(rig.car(ids[index]!), kind, { maxA: takesAll ? 32 : takesA });
  });
  const roomA = mainsA - 6 * ids.length;
  rig.houseA = [houseShare[0] * roomA, houseShare[1] * roomA, (roomA * (houseShare[0] + houseShare[1])) / 2];
  const moving = ids[which % ids.length]!;
  rig.plug(...ids.filter(id => step !== "join" || id !== moving)).run(400_000);
  const charging = rig.state.points.filter(point => point.admitted).length;
  if (charging < ids.length - (step === "join" ? 1 : 0)) return null;

  if (step === "join") rig.plug(moving);
  else if (step === "leave") rig.car(moving).wants = false;
  else rig.houseA[which % 3] = houseShare[1] * roomA;
  const from = rig.now;
  const seen = [{ ms: 0, limits: rig.limits() }];
  while (rig.now - from < WATCHED_MS) {
    rig.run(250);
    const limits = rig.limits();
    if (limits.some((limitA, index) => limitA !== seen.at(-1)!.limits[index]))
      seen.push({ ms: rig.now - from, limits });
  }
  const end = rig.limits();
  const lastAway = seen.findLastIndex(one =>
    one.limits.some((limitA, index) => Math.abs(limitA - end[index]!) >= MOVES_A),
  );

  const slowestMs = Math.max(
    ...cars.map(one => one.lagMs + (Math.min(one.ceilingA, takesAll ? 32 : one.takesA) / one.rampAPerS) * 1_000),
  );
  const reactionMs = Math.max(LEAST_REACTION_MS, slowestMs) + 2 * periodMs;
  const unknown = step === "join" && cars[which % cars.length]?.phases === 1 ? RECOGNISED_MS : 0;
  return {
    settledMs: seen[lastAway + 1]?.ms ?? 0,
    // A car that joins waits for the others' reaction before its own begins.
    allowedMs: SETTLE_MS + (step === "join" ? 2 : 1) * reactionMs + unknown + (takesAll ? 0 : LENT_MS),
    trace: seen.map(one => `${one.ms / 1_000} s: ${one.limits.join(" ")}`).join("; "),
  };
}

t.test("one step of load, or a car that joins or leaves: the offers settle and stay [4.10-R8]", async t => {
  let judged = 0;
  fc.assert(
    fc.property(plant, one => {
      const outcome = outcomeOf(one);
      if (outcome === null) return;
      judged += 1;
      if (outcome.settledMs > outcome.allowedMs)
        throw new Error(`settled after ${outcome.settledMs} of ${outcome.allowedMs} ms: ${outcome.trace}`);
    }),
    { numRuns: 120 },
  );
  t.ok(judged >= 60, `${judged} plants judged`);
});

t.test("one step of the sun under 1 to 8 cars: the budget settles and stays [4.10-R8]", async () => {
  const roof = fc.record({
    cars: fc.array(fc.record({ phases: fc.constantFrom<1 | 3>(1, 3), metered: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    }),
    before: fc.double({ min: 0, max: 1, noNaN: true }),
    after: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(roof, ({ cars, before, after }) => {
      const ids = cars.map((_car, index) => `p${index}`);
      const contactor2 = Object.fromEntries(
        cars.map((one, index) => [`p${index}`, one.phases === 1 ? ("always-off" as const) : ("always-on" as const)]),
      );
      const rig = new SolarRig(ids, { contactor2 });
      cars.forEach((one, index) => Object.assign(rig.car(`p${index}`), one));
      const phases = cars.reduce((sum, one) => sum + one.phases, 0);
      const sunA = (share: number): number => phases * (6.5 + 9 * share);
      // The next car starts a minute after the last one.
      rig
        .plug(...ids)
        .sun(phases * 16, (ids.length + 3) * 75_000)
        .sun(sunA(before), 120_000);
      const going = rig.budget.points.filter(point => point.go).length;
      rig.sun(sunA(after), SETTLE_MS + LEAST_REACTION_MS + (cars.every(one => one.metered) ? 0 : 60_000));
      const settledA = rig.budget.chargingA;
      for (let second = 0; second < 120; second += 1) {
        rig.run(1_000);
        const movedA = Math.abs(rig.budget.chargingA - settledA) / phases;
        if (movedA >= MOVES_A)
          throw new Error(`${going} of ${ids.length} charge; moved by ${movedA} A after ${second} s`);
      }
    }),
    { numRuns: 40 },
  );
});
