import { type BalancerInput, balance } from "../../services/balancer/balancer.core.ts";
import { idleBalancer } from "../../services/balancer/state.core.ts";
import type { PointSettings } from "../../services/evse/evse.config.ts";
import { charge, type EvseInput } from "../../services/evse/evse.core.ts";
import { idleEvse } from "../../services/evse/state.core.ts";
import { beginQuarter, measure, quarterFact, turn } from "../../services/limits/quarter.core.ts";
import type { Contactor2 } from "../../services/solar/solar.config.ts";
import { followSun, type SolarInput } from "../../services/solar/solar.core.ts";
import { idleSolar } from "../../services/solar/state.core.ts";
import type { BalancerAllocation } from "../../shared/contracts/balancer.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { EvseGrant, PilotSensed, Rgb } from "../../shared/contracts/pilot.ts";
import { dutyPctOf, offerAOf } from "../../shared/iec61851/duty.ts";
import type { Controller, InitMessage, PhaseTriple, StepMessage } from "./closed-loop/protocol.ts";

/** Civil start of every run; only the dates of records depend on it. */
const CIVIL_START_MS = Date.UTC(2026, 0, 1);

/** The product's own cores - one balancer, one evse per charge point, the sun's controller - wired as the bus wires them, on stepped time. */
export function createController(init: InitMessage): Controller {
  const { config, n } = init;
  const ids = Array.from({ length: n }, (_none, index) => `ev${index + 1}`);
  const rotation: readonly [number, number, number] = [0, 1, 2];
  let balancer = idleBalancer(
    ids.map(id => ({ id, rotation, supplyPhases: 3 as const, safeCurrentA: 0 })),
    0,
  );
  let solar = idleSolar(ids.map(id => ({ id, supplyPhases: 3 as const })));
  let points = ids.map(id => idleEvse({ evseId: id, phases: 3, safeCurrentA: 0, provisional: null }, 0));
  const grants: (EvseGrant | null)[] = ids.map(() => null);
  let quarter = beginQuarter(CIVIL_START_MS, "UTC");
  let now = 0;
  let lastSeq = 0;

  function tellBalancer(input: BalancerInput): void {
    const step = balance(balancer, input, now);
    balancer = step.state;
    for (const output of step.outputs) if (output.kind === "allocation") allot(output.allocation);
  }
  function tellSolar(input: SolarInput): void {
    if (config.mode !== "solar") return;
    const step = followSun(solar, input, now);
    solar = step.state;
    for (const budget of step.outputs) tellBalancer({ kind: "sun", budget });
  }
  /** As the limits service does: the quarter hour goes on with every sample, and is told with it and every second. */
  function tellQuarter(powerW: number | null, atMs: number): void {
    if (config.capacityLimitW === 0) return;
    const civilMs = CIVIL_START_MS + now;
    quarter = powerW === null ? turn(quarter, civilMs, "UTC") : measure(quarter, powerW, CIVIL_START_MS + atMs, "UTC");
    const fact = quarterFact(quarter, { peakW: config.capacityLimitW, flanders: false, intervals: null }, civilMs);
    tellBalancer({ kind: "limits", limits: { limits: [], quarter: fact, intervalW: null } });
  }
  function allot(allocation: BalancerAllocation): void {
    tellEvse(ids.indexOf(allocation.evseId), { kind: "allocation", allocation });
  }
  function tellEvse(index: number, input: EvseInput): void {
    const point = points[index];
    if (point === undefined) return;
    const step = charge(point, input, now);
    points = points.with(index, step.state);
    const news: EvseStatus[] = [];
    for (const output of step.outputs) {
      if (output.kind === "grant") grants[index] = output.grant;
      if (output.kind === "status") news.push(output.status);
    }
    for (const status of news) {
      tellBalancer({ kind: "status", status });
      tellSolar({ kind: "status", status });
    }
  }

  tellBalancer({
    kind: "settings",
    settings: {
      mainsA: config.maxMainsA,
      circuitA: n > 1 ? config.maxCircuitA : null,
      capacityA: config.maxSumMainsA === 0 ? null : config.maxSumMainsA,
      intervalFloorW: null,
      peakFloorW: config.capacityLimitW === 0 ? null : config.capacityLimitW,
      gridRelayAt: [],
      circuitMeter: false,
      evMeterIsCircuit: false,
      capStopMs: config.maxSumMainsTimeMin * 60_000,
      minA: config.minCurrentA,
      mainsMeter: config.meter.present === 1,
      schedule: {
        priority: PRIORITIES[config.prioStrategy],
        rotationMs: config.rotationMin === 0 ? null : config.rotationMin * 60_000,
        idleMs: config.idleTimeoutS * 1_000,
      },
    },
  });
  tellSolar({
    kind: "settings",
    settings: {
      startA: config.startCurrentA,
      stopAfterMs: config.stopTimeMin === 0 ? null : config.stopTimeMin * 60_000,
      importA: config.importCurrentA,
      minA: config.minCurrentA,
      contactor2: Object.fromEntries(ids.map(id => [id, CONTACTOR_2[config.c2]])),
      phaseSwitchesPerDay: 10,
    },
  });
  ids.forEach((_id, index) => tellEvse(index, { kind: "settings", settings: settingsOf(init, index) }));

  return (message: StepMessage) => {
    now = message.t * 1_000;
    if (message.mainsSeq !== lastSeq) {
      lastSeq = message.mainsSeq;
      const ageMs = Math.max(0, now - message.mainsT * 1_000);
      if (config.evMeters === 1) {
        ids.forEach((id, index) => {
          const reading = readingOf("ev", id, message.mainsSeq, ageMs, message.evCurrents[index] ?? [0, 0, 0]);
          tellBalancer({ kind: "reading", reading });
          tellSolar({ kind: "reading", reading });
          tellEvse(index, { kind: "reading", reading });
        });
      }
      if (config.homeBattery === 1 && message.batteryCurrent !== null)
        tellSolar({ kind: "battery", currentA: message.batteryCurrent });
      const sumA = message.mainsCurrents[0] + message.mainsCurrents[1] + message.mainsCurrents[2];
      tellQuarter(sumA * init.voltage, now - ageMs);
      const reading = readingOf("mains", null, message.mainsSeq, ageMs, message.mainsCurrents);
      tellBalancer({ kind: "reading", reading });
      tellSolar({ kind: "reading", reading });
    }
    ids.forEach((id, index) => {
      tellEvse(index, {
        kind: "sensed",
        sensed: sensedOf(id, message.pilot[index] ?? "A", grants[index] ?? null, config.cableA[index] ?? 32),
      });
    });
    const civilMs = CIVIL_START_MS + now;
    ids.forEach((_id, index) => tellEvse(index, { kind: "tick", civilMs }));
    if (Math.round(message.t / init.dt) % Math.round(1 / init.dt) === 0) {
      tellQuarter(null, now);
      tellBalancer({ kind: "tick" });
      tellSolar({ kind: "tick" });
    }

    // The board closes only in C, and opens by itself (firmware rule); the duty has its resolution of 0.1 %.
    const closed = grants.map((grant, index) => grant !== null && message.pilot[index] === "C");
    return {
      offered: grants.map(grant => (grant?.pilot === "offer" ? offerAOf(dutyPctOf(grant.offerA)) : 0)),
      c1: grants.map((grant, index) => (closed[index] === true && grant?.contactorL1 === true ? 1 : 0)),
      c2: grants.map((grant, index) => (closed[index] === true && grant?.contactorL23 === true ? 1 : 0)),
      cp: grants.map(grant => (grant?.pilot === "disconnected" ? 0 : 1)),
      state: points.map(point => point.state),
      error: points.map(point => point.reported?.value.faults.length ?? 0),
    };
  };
}

const PRIORITIES = ["address", "first-connected", "last-connected"] as const;

const CONTACTOR_2: Readonly<Record<InitMessage["config"]["c2"], Contactor2>> = {
  always_on: "always-on",
  always_off: "always-off",
  solar_off: "solar-off",
  auto: "auto",
  not_present: "not-present",
};

const DARK: Rgb = [0, 0, 0];

function settingsOf(init: InitMessage, index: number): PointSettings {
  const { config } = init;
  return {
    mode: config.mode,
    access: "on",
    startsAt: "",
    outlet: "socket",
    maxA: Math.min(config.maxCurrentA[index] ?? 16, config.maxCircuitA),
    overrideA: null,
    maxTemperatureC: 65,
    threePhase: config.c2 !== "always_off" && !(config.c2 === "solar_off" && config.mode === "solar"),
    evMeter: config.evMeters === 1,
    switchFunction: "disabled",
    customFlag: false,
    lock: null,
    cableLock: false,
    cardHoldsPlug: false,
    rcmMonitor: false,
    ledScheme: "standard",
    colours: { off: DARK, normal: DARK, smart: DARK, solar: DARK, custom: DARK },
  };
}

function readingOf(
  role: "mains" | "ev",
  evseId: string | null,
  sequence: number,
  ageMs: number,
  currents: PhaseTriple,
): MeterReading {
  return {
    meterId: evseId === null ? role : `${role}-${evseId}`,
    role,
    evseId,
    sequence,
    measuredAt: new Date(CIVIL_START_MS).toISOString(),
    ageMs,
    currentA: { l1: currents[0], l2: currents[1], l3: currents[2] },
    powerW: null,
    totalPowerW: null,
    importWh: null,
    exportWh: null,
    quality: "measured",
  };
}

/** What a pilot board would report of this car, given the grant it carries out. */
function sensedOf(evseId: string, pilot: "A" | "B" | "C", grant: EvseGrant | null, cableA: number): PilotSensed {
  const offered = grant?.pilot === "offer";
  return {
    evseId,
    link: "up",
    cp: pilot,
    cpHighV: { A: 12, B: 9, C: 6 }[pilot],
    cpLowV: offered ? -12 : null,
    dutyPct: offered ? dutyPctOf(grant.offerA) : 100,
    diodeSeen: offered,
    ppOhm: cableA >= 63 ? 100 : cableA >= 32 ? 220 : cableA >= 16 ? 680 : 1_500,
    contactorL1: grant?.contactorL1 === true && pilot === "C",
    contactorL23: grant?.contactorL23 === true && pilot === "C",
    openedLocally: false,
    temperatureC: null,
    switchClosed: null,
    lock: null,
    rcmTest: null,
    faults: [],
    heartbeatEcho: null,
    firmware: "EvsePilotFirmata 1.0",
    reconnects: 0,
    lastError: null,
  };
}
