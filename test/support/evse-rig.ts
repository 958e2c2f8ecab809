import type { PointSettings } from "../../services/evse/evse.config.ts";
import { charge, type EvseInput, type EvseOutput } from "../../services/evse/evse.core.ts";
import { type EvseCoreState, type EvsePoint, idleEvse } from "../../services/evse/state.core.ts";
import { type BalancerAllocation, balancerAllocation } from "../../shared/contracts/balancer.ts";
import type { ChargingSession, EvseStatus } from "../../shared/contracts/evse.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { EvseGrant, PilotSensed } from "../../shared/contracts/pilot.ts";

export const SMART: PointSettings = {
  mode: "smart",
  access: "on",
  startsAt: "",
  outlet: "socket",
  maxA: 16,
  overrideA: null,
  maxTemperatureC: 65,
  threePhase: true,
  evMeter: false,
  switchFunction: "disabled",
  customFlag: false,
  lock: null,
  cableLock: false,
  cardHoldsPlug: false,
  rcmMonitor: false,
  ledScheme: "standard",
  colours: {
    off: [0, 0, 0],
    normal: [0, 255, 0],
    smart: [0, 255, 0],
    solar: [255, 170, 0],
    custom: [0, 0, 255],
  },
};

export const UNPLUGGED: PilotSensed = {
  evseId: "left",
  link: "up",
  cp: "A",
  cpHighV: 12,
  cpLowV: null,
  dutyPct: 100,
  diodeSeen: false,
  ppOhm: 220,
  contactorL1: false,
  contactorL23: false,
  openedLocally: false,
  temperatureC: null,
  switchClosed: null,
  lock: null,
  rcmTest: null,
  faults: [],
  heartbeatEcho: 0,
  firmware: "EvsePilotFirmata 1.0",
  reconnects: 0,
  lastError: null,
};

/** One charge point's core on stepped time, with a board that reports every 100 ms and a balancer that repeats every second. */
export class EvseRig {
  now = 0;
  state: EvseCoreState;
  readonly outputs: EvseOutput[] = [];
  sensed: PilotSensed = UNPLUGGED;
  /** What the balancer repeats; null = it is silent. */
  allocation: Partial<BalancerAllocation> | null = { limitA: 16, admitted: true, boundBy: "max" };
  boardSilent = false;
  /** Whether the monitor answers its test; null = its outcome never comes. */
  monitorWorks: boolean | null = true;
  lockMoves = true;
  /** What the car draws while it is connected, as its EV meter tells every 100 ms; null = there is none. */
  drawsA: number | null = null;
  /** Where the plug lock is. */
  locked = false;
  #tested: PilotSensed["rcmTest"] = null;
  #sequence = 0;

  constructor(settings: PointSettings | null = SMART, point: Partial<EvsePoint> = {}) {
    this.state = idleEvse({ evseId: "left", phases: 3, safeCurrentA: 0, provisional: null, ...point }, 0);
    if (settings !== null) this.tell({ kind: "settings", settings });
    this.run(300);
  }

  tell(input: EvseInput): void {
    const step = charge(this.state, input, this.now);
    this.state = step.state;
    this.outputs.push(...step.outputs);
  }

  /** Lets time pass in steps of the control loop. */
  run(ms: number): this {
    for (let doneMs = 0; doneMs < ms; doneMs += 100) {
      this.now += 100;
      if (!this.boardSilent) this.tell({ kind: "sensed", sensed: this.#board() });
      if (this.drawsA !== null) this.meter(this.grant.contactorL1 ? this.drawsA : 0, null);
      if (this.allocation !== null && this.now % 1_000 === 0) this.allot(this.allocation);
      this.tell({ kind: "tick", civilMs: Date.UTC(2026, 0, 1) + this.now });
    }
    return this;
  }

  allot(allocation: Partial<BalancerAllocation>): this {
    this.allocation = allocation;
    this.#sequence += 1;
    this.tell({
      kind: "allocation",
      allocation: {
        evseId: "left",
        epoch: 0,
        sequence: this.#sequence,
        limitA: 16,
        admitted: true,
        boundBy: "max",
        restsOnMs: 0,
        retryS: 0,
        phases: 3,
        solar: null,
        turn: balancerAllocation.example.turn,
        ...allocation,
      },
    });
    return this;
  }

  settings(change: Partial<PointSettings>): this {
    this.tell({ kind: "settings", settings: { ...(this.state.settings ?? SMART), ...change } });
    return this;
  }

  /** What the car shows on the pilot from now on. */
  cp(cp: PilotSensed["cp"], more: Partial<PilotSensed> = {}): this {
    this.sensed = { ...this.sensed, cp, ...more };
    this.tell({ kind: "sensed", sensed: this.#board() });
    return this;
  }

  meter(currentA: number, importWh: number | null): this {
    this.#sequence += 1;
    const reading: MeterReading = {
      meterId: "ev-left",
      role: "ev",
      evseId: "left",
      sequence: this.#sequence,
      measuredAt: new Date(Date.UTC(2026, 0, 1) + this.now).toISOString(),
      ageMs: 0,
      currentA: { l1: currentA, l2: currentA, l3: currentA },
      powerW: null,
      totalPowerW: null,
      importWh,
      exportWh: null,
      quality: "measured",
    };
    this.tell({ kind: "reading", reading });
    return this;
  }

  /** A car plugged in and charging. */
  charging(): this {
    this.cp("B").run(1_500).cp("C").run(1_500);
    return this;
  }

  get grant(): EvseGrant {
    const granted = this.state.granted?.value;
    if (granted === undefined) throw new Error("nothing was granted yet");
    return granted;
  }

  get status(): EvseStatus {
    const reported = this.state.reported?.value;
    if (reported === undefined) throw new Error("nothing was reported yet");
    return reported;
  }

  get sessions(): ChargingSession[] {
    return this.outputs.flatMap(output => (output.kind === "session-ended" ? [output.session] : []));
  }

  /** The board as it would report: pilot as granted, diode seen under PWM, contactors closed only in C. */
  #board(): PilotSensed {
    const grant = this.state.granted?.value;
    const offered = grant?.pilot === "offer";
    const cut = grant?.pilot === "disconnected";
    const closed = this.sensed.cp === "C" && !cut;
    const order = grant?.lock ?? null;
    if (order !== null && order.target !== "hold" && this.lockMoves) this.locked = order.target === "locked";
    const wrong = order !== null && order.target !== "hold" && (order.target === "locked") !== this.locked;
    const number = grant?.rcmTest ?? null;
    if (number !== null) {
      const outcome = this.monitorWorks === null ? "running" : this.monitorWorks ? "passed" : "failed";
      this.#tested = { number, outcome };
    }
    return {
      ...this.sensed,
      cp: cut ? "A" : this.sensed.cp,
      lock: order === null ? null : { position: this.locked ? "locked" : "unlocked", jammed: wrong },
      rcmTest: this.#tested,
      diodeSeen: offered && this.sensed.cpLowV !== 0,
      contactorL1: closed && grant?.contactorL1 === true,
      contactorL23: closed && grant?.contactorL23 === true,
    };
  }
}
