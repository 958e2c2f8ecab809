import t from "tap";
import { type BalancerInput, balance } from "../../services/balancer/balancer.core.ts";
import { type BalancerState, idleBalancer } from "../../services/balancer/state.core.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { solarBudget } from "../../shared/contracts/solar.ts";

const WIRING = ["left", "right"].map(id => ({
  id,
  rotation: [0, 1, 2] as const,
  supplyPhases: 3 as const,
  safeCurrentA: 0,
}));

/** A standby that hears what the active balancer hears, and the points. */
class Standby {
  now = 0;
  state: BalancerState = { ...idleBalancer(WIRING, 0), epoch: null };
  #sequence = 0;
  outputs = 0;

  tell(input: BalancerInput): readonly { readonly limitA: number; readonly epoch: number }[] {
    const step = balance(this.state, input, this.now);
    this.state = step.state;
    this.outputs += step.outputs.length;
    return step.outputs.flatMap(output => (output.kind === "allocation" ? [output.allocation] : []));
  }

  settings(): this {
    this.tell({ kind: "settings", settings: SETTINGS });
    return this;
  }

  status(evseId: string, change: Partial<EvseStatus>): this {
    this.tell({ kind: "status", status: { ...evseStatus.example, evseId, ceilingA: 16, drawA: null, ...change } });
    return this;
  }

  /** A second in which the mains shows this much on every phase. */
  second(mainsA: number): this {
    this.now += 1_000;
    this.#sequence += 1;
    const currentA = { l1: mainsA, l2: mainsA, l3: mainsA };
    this.tell({
      kind: "reading",
      reading: { ...meterReading.example, sequence: this.#sequence, ageMs: 0, currentA },
    });
    this.tell({ kind: "tick" });
    return this;
  }
}

const SETTINGS: Extract<BalancerInput, { kind: "settings" }>["settings"] = {
  mainsA: 25,
  circuitA: null,
  minA: 6,
  capacityA: null,
  capStopMs: 0,
  intervalFloorW: null,
  peakFloorW: null,
  gridRelayAt: [],
  circuitMeter: false,
  evMeterIsCircuit: false,
  mainsMeter: true,
  schedule: { priority: "address", rotationMs: null, idleMs: 60_000 },
};

const given = (limitA: number, admitted = true): Partial<EvseStatus> => ({
  offerA: limitA,
  mayDraw: limitA > 0,
  allotted: { epoch: 3, limitA, admitted, boundBy: "mains.l2", retryS: 0, phases: 3 },
});

t.test("a standby says nothing and holds what the points were given", async t => {
  const standby = new Standby().settings().status("left", given(9.4)).status("right", given(12.1));
  for (let s = 0; s < 20; s += 1) {
    standby.second(40).status("left", given(9.4)).status("right", given(12.1));
  }
  t.equal(standby.outputs, 0);
  t.strictSame(
    standby.state.points.map(({ limitA, admitted }) => ({ limitA, admitted })),
    [
      { limitA: 9.4, admitted: true },
      { limitA: 12.1, admitted: true },
    ],
    "whatever it would have decided itself",
  );
  t.strictSame(standby.state.mains.samples.length > 10, true, "it knows the house");
});

t.test("who takes over tells every point at once what it has, under the new epoch", async t => {
  const standby = new Standby().settings();
  for (let s = 0; s < 10; s += 1) standby.second(24).status("left", given(10.4)).status("right", given(10.4));
  t.match(standby.tell({ kind: "role", epoch: 4 }), [
    { limitA: 10.4, epoch: 4 },
    { limitA: 10.4, epoch: 4 },
  ]);
  t.equal(standby.tell({ kind: "role", epoch: null }).length, 0, "and falls silent when it is displaced");
});

t.test("a point that believes no balancer counts with what it offers by itself", async t => {
  const standby = new Standby().settings();
  standby
    .status("left", { offerA: 6, mayDraw: true, allotted: null })
    .status("right", { offerA: 6, mayDraw: false, allotted: null });
  t.match(standby.state.points, [
    { limitA: 6, admitted: true },
    { limitA: 0, admitted: false },
  ]);
});

t.test("the sun's budget of a displaced solar service is not believed", async t => {
  const standby = new Standby().settings();
  standby.tell({ kind: "role", epoch: 1 });
  const tell = (epoch: number, chargingA: number): void => {
    standby.tell({ kind: "sun", budget: { ...solarBudget.example, epoch, chargingA } });
  };
  tell(5, 10);
  tell(4, 30);
  t.equal(standby.state.sun?.chargingA, 10);
  standby.now += 6_000;
  tell(4, 30);
  t.equal(standby.state.sun?.chargingA, 30, "but a lease that began anew is not shut out");
});
