/**
 * One step of the balancer on a fresh mains sample, for 8, 100 and 1,000 charging points, beside a plain equal split of
 * the same site (what a controller does that knows no caps, phases, history or reasons).
 *
 *   npm run bench -- balancer-step
 */
import { balance } from "../../services/balancer/balancer.core.ts";
import { type BalancerState, idleBalancer } from "../../services/balancer/state.core.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { heading, row, time } from "./lib/samples.ts";

const AIMS_MS: Readonly<Record<number, number>> = { 8: 0.1, 100: 1, 1_000: 10 };

console.log(heading("balancer: one fresh mains sample"));
for (const count of [8, 100, 1_000]) {
  const site = chargingSite(count);
  let { state, now, sequence } = site;
  const runs = count === 1_000 ? 300 : 2_000;
  const ours = time(runs, () => {
    now += 1_000;
    sequence += 1;
    state = balance(state, mains(sequence, site.loadA + (sequence % 5)), now).state;
    // The points repeat their status once a second; told outside the measurement they would go stale.
    state = { ...state, points: state.points.map(point => ({ ...point, heardAt: now })) };
  });
  const claims = Array.from({ length: count }, () => ({ wants: true, shareA: 0 }));
  const plain = time(runs, () => {
    const wanting = claims.filter(claim => claim.wants).length;
    for (const claim of claims) claim.shareA = claim.wants ? Math.max(6, (count * 16 - site.loadA) / wanting) : 0;
  });
  console.log(row(`${count} points`, ours, "ms", `aim p50 <= ${AIMS_MS[count] ?? 0}`));
  console.log(row(`  plain equal split`, plain, "ms", `ratio ${(ours.p50 / plain.p50).toFixed(0)}`));
}

console.log(heading("balancer: a second of a site, with every status and EV meter, a mains sample and a repetition"));
for (const count of [8, 50, 200]) {
  const { loadA, ...site } = chargingSite(count);
  let { state, now, sequence } = site;
  const tell = (input: Parameters<typeof balance>[1]): void => {
    state = balance(state, input, now).state;
  };
  const second = time(
    60,
    () => {
      now += 1_000;
      sequence += 1;
      for (const { id, limitA } of state.points) {
        const status = { ...evseStatus.example, evseId: id, offerA: limitA, mode: "smart" as const };
        tell({ kind: "status", status });
        const currentA = { l1: limitA, l2: limitA, l3: limitA };
        const ev = { role: "ev" as const, meterId: `ev-${id}`, evseId: id, sequence, ageMs: 0, currentA };
        tell({ kind: "reading", reading: { ...meterReading.example, ...ev } });
      }
      tell(mains(sequence, loadA + (sequence % 5)));
      tell({ kind: "tick" });
    },
    60,
  );
  console.log(row(`${count} points`, second, "ms", `per point ${(second.p50 / count).toFixed(3)}`));
}

function mains(sequence: number, loadA: number): Parameters<typeof balance>[1] {
  const currentA = { l1: Math.min(999, loadA), l2: Math.min(999, loadA - 1), l3: Math.min(999, loadA - 2) };
  return { kind: "reading", reading: { ...meterReading.example, sequence, ageMs: 0, currentA } };
}

/** A site on which every point charges, its mains limit a little below what all would take. */
function chargingSite(count: number): { state: BalancerState; now: number; sequence: number; loadA: number } {
  const wiring = Array.from({ length: count }, (_none, index) => ({
    id: `p${index}`,
    rotation:
      (
        [
          [0, 1, 2],
          [1, 2, 0],
          [2, 0, 1],
        ] as const
      )[index % 3] ?? ([0, 1, 2] as const),
    supplyPhases: 3 as const,
    safeCurrentA: 0,
  }));
  let state = idleBalancer(wiring, 0);
  let now = 0;
  const tell = (input: Parameters<typeof balance>[1]): void => {
    state = balance(state, input, now).state;
  };
  tell({
    kind: "settings",
    settings: {
      mainsA: Math.max(25, count * 12),
      capacityA: null,
      capStopMs: 0,
      intervalFloorW: null,
      peakFloorW: null,
      gridRelayAt: [],
      circuitMeter: false,
      evMeterIsCircuit: false,
      circuitA: count * 12,
      minA: 6,
      mainsMeter: true,
      schedule: { priority: "address", rotationMs: null, idleMs: 60_000 },
    },
  });
  for (const point of wiring) {
    tell({ kind: "status", status: { ...evseStatus.example, evseId: point.id, offerA: 10, mode: "smart" } });
  }
  const loadA = Math.min(900, count * 10);
  for (let sequence = 1; sequence <= 10; sequence += 1) {
    now += 1_000;
    state = { ...state, points: state.points.map(point => ({ ...point, heardAt: now })) };
    tell(mains(sequence, loadA));
  }
  const charging = state.points.filter(point => point.admitted).length;
  if (charging !== count)
    throw new Error(`${charging} of ${count} points charge: the bench would measure something else`);
  return { state, now, sequence: 10, loadA };
}
