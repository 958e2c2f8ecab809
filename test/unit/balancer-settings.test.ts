import t from "tap";
import { balancerSettingsOf } from "../../services/balancer/balancer.settings.ts";
import { defaultsOf } from "../../shared/settings/read.ts";
import type { ChargePoint } from "../../shared/site/site-file.ts";

const left: ChargePoint = {
  ...{ id: "left", serial: 10_001, phases: 3, phaseRotation: ["l1", "l2", "l3"] },
  ...{ safeCurrentA: 0, part: 1 },
};
const right: ChargePoint = { ...left, id: "right", serial: 10_002 };

/** CIRCUIT in force with these site settings. */
function circuitA(site: Readonly<Record<string, number>>, chargePoints = [left, right]): number | null {
  const points = Object.fromEntries(chargePoints.map(({ id }) => [id, defaultsOf("point")]));
  const current = {
    revision: 1,
    site: { ...defaultsOf("site"), ...site },
    points,
    secretsSet: { site: [], points: {} },
  };
  return balancerSettingsOf(current, { chargePoints, mainsMeterFixed: false, circuitMeterFixed: false }).circuitA;
}

t.test("several points share CIRCUIT in every mode", async t => {
  t.equal(circuitA({ current_max_circuit: 32 }), 32);
});

t.test("a second limit of the circuit holds where a meter measures it: the lower of the two", async t => {
  const metered = { current_max_circuit: 32, circuit_meter_type: 4 };
  t.equal(circuitA({ ...metered, max_circuit_mains: 20 }), 20);
  t.equal(circuitA({ ...metered, max_circuit_mains: 40 }), 32);
  t.equal(circuitA({ ...metered, max_circuit_mains: 0 }), 32, "0 = off");
  t.equal(circuitA({ current_max_circuit: 32, max_circuit_mains: 20 }), 32, "nothing measures the circuit");
});

t.test("a single point in Normal has no CIRCUIT: a hidden setting limits nobody", async t => {
  t.equal(circuitA({ current_max_circuit: 10 }, [left]), null);
});

t.test(
  "fuses beyond MAINS and CIRCUIT stand in the site file, and hold while the settings are at their end",
  async t => {
    const inForce = (mains: number, circuit: number, supply: { mainsA?: number; circuitA?: number }) => {
      const site = { ...defaultsOf("site"), current_main: mains, current_max_circuit: circuit };
      const points = { left: defaultsOf("point"), right: defaultsOf("point") };
      const current = { revision: 1, site, points, secretsSet: { site: [], points: {} } };
      const wiring = { chargePoints: [left, right], mainsMeterFixed: false, circuitMeterFixed: false, supply };
      const { mainsA, circuitA: sharedA } = balancerSettingsOf(current, wiring);
      return [mainsA, sharedA];
    };
    t.strictSame(inForce(200, 160, { mainsA: 630, circuitA: 400 }), [630, 400]);
    t.strictSame(inForce(199, 159, { mainsA: 630, circuitA: 400 }), [199, 159], "whoever lowers them is obeyed");
    t.strictSame(inForce(200, 160, {}), [200, 160]);
  },
);
