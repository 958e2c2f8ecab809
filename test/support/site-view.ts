import { type PointStatusView, type PointView, type SiteView, siteView } from "../../services/api/view.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";

/** A point status as the gateway tells it, with what a test wants to be different. */
export function statusView(change: Partial<PointStatusView> = {}): PointStatusView {
  const { example } = evseStatus;
  return {
    state: example.state,
    chargingState: example.chargingState,
    mode: example.mode,
    access: example.access,
    choice: "smart",
    carConnected: true,
    asksPower: true,
    offerA: example.offerA,
    drawA: example.drawA,
    drawAgeMs: example.drawAgeMs,
    ceilingA: example.ceilingA,
    ceilingBy: example.ceilingBy,
    boundBy: example.boundBy,
    reason: example.reason,
    activePhases: 3,
    chargeDelayS: 0,
    cableA: 32,
    temperatureC: null,
    gridRelayOpen: false,
    plugLock: null,
    led: example.led,
    connectedMs: 184_000,
    session: example.session,
    ...change,
  };
}

export function pointView(change: Partial<PointView> = {}): PointView {
  return {
    id: "left",
    name: "Left",
    serial: 1001,
    phases: 3,
    phaseRotation: ["l1", "l2", "l3"],
    fresh: true,
    ageMs: 200,
    status: statusView(),
    words: "charging 11.2 A, limited by mains L2",
    limitA: 11.2,
    admitted: true,
    retryS: 0,
    faults: [],
    board: {
      link: "up",
      ageMs: 120,
      cp: "C",
      dutyPct: 18.7,
      contactorClosed: true,
      firmware: "EvsePilotFirmata 1.0",
      reconnects: 0,
      faults: [],
      lastError: null,
    },
    reader: null,
    ...change,
  };
}

/** A whole site as the gateway tells it; the schema sees to it that it is one. */
export function exampleView(change: Partial<SiteView> = {}): SiteView {
  return siteView.parse({
    site: "demo",
    name: "Demo house",
    version: "0.1.0",
    at: "2026-01-01T12:00:00.000Z",
    mains: {
      limitA: 25,
      currentA: { l1: 14.2, l2: 24.8, l3: 9.1 },
      ageMs: 300,
      trust: "regulate",
      houseA: { l1: 3.1, l2: 13.8, l3: -2 },
      allottedA: { l1: 11.2, l2: 11.2, l3: 11.2 },
    },
    balancer: { node: "main", epoch: 0, standby: [] },
    circuit: null,
    limits: null,
    capStopInMs: null,
    points: [pointView()],
    meters: [],
    warnings: [],
    simulated: true,
    ...change,
  } satisfies SiteView);
}
