import t from "tap";
import { meterReading } from "../../shared/contracts/meter.ts";
import { BalancerRig } from "../support/balancer-rig.ts";

/** One point at a sub-panel of 20 A whose EV meter sits at its head: it sees the car and the washing machine. */
function subPanel() {
  const rig = new BalancerRig(["left"], { mainsA: 63, circuitA: 20, circuitMeter: true, evMeterIsCircuit: true });
  rig.car("left").metered = false;
  let sequence = 10_000;
  const run = (seconds: number, washingA: number, silent = false): void => {
    for (let second = 0; second < seconds; second += 1) {
      rig.run(1_000);
      if (silent) continue;
      sequence += 1;
      const { drawA } = rig.car("left");
      const currentA = { l1: drawA + washingA, l2: drawA, l3: drawA };
      const reading = { ...meterReading.example, meterId: "ev-left", role: "ev" as const, evseId: "left", ageMs: 0 };
      rig.tell({ kind: "reading", reading: { ...reading, sequence, currentA } });
    }
  };
  return { rig, run };
}

t.test(
  "the EV METER at the head of a sub-panel keeps CIRCUIT for the car and what else hangs there [4.2-R]",
  async t => {
    const { rig, run } = subPanel();
    rig.plug("left");
    run(60, 0);
    t.strictSame(rig.limits(), [16], "alone it has its own maximum");
    run(10, 10);
    const { drawA } = rig.car("left");
    t.ok(drawA + 10 <= 20.05 && drawA >= 6, `${drawA} A beside 10 A of 20 A`);
    t.match(rig.point("left").boundBy, /^circuit/);
    run(120, 0);
    t.ok(rig.limits()[0]! >= 15, `${rig.limits().join()} A: given back`);
  },
);

t.test("such a meter that falls silent stops the point after 20 s, by name, and lets it go on [7.3-4]", async t => {
  const { rig, run } = subPanel();
  rig.plug("left");
  run(60, 0);
  run(18, 0, true);
  t.ok(rig.limits()[0]! >= 6);
  run(5, 0, true);
  t.strictSame(rig.limits(), [0]);
  t.equal(rig.point("left").boundBy, "circuit-silent");
  run(120, 0);
  t.ok(rig.limits()[0]! >= 6);
});
