import type { Fitted } from "../../services/pilot/pilot.config.ts";
import { pilot } from "../../services/pilot/pilot.core.ts";
import type { BoardCommand, BoardFlags, BoardMessage, BoardView } from "../../services/pilot/pilot.port.ts";
import { freshPilot, type PilotInput, type PilotOutput, type PilotState } from "../../services/pilot/state.core.ts";
import type { EvseGrant, PilotSensed } from "../../shared/contracts/pilot.ts";

export const QUIET_FLAGS: BoardFlags = {
  latches: [],
  rcmLine: false,
  diodeMissing: false,
  openedLocally: false,
  armed: true,
  rcmTesting: false,
  lockFeedback: false,
  mainClosed: false,
};

export const GRANT: EvseGrant = {
  evseId: "left",
  sequence: 1,
  pilot: "offer",
  offerA: 16,
  contactorL1: true,
  contactorL23: true,
  acknowledge: false,
  acknowledgeRcm: false,
  lock: null,
  rcmTest: null,
  led: { rgb: [0, 255, 0], pattern: "steady" },
  lifetimeMs: 1_000,
};

export const ALL_PINS = { cpDisconnectPin: 5, ledPins: [3, 6, 11], switchPin: 18, temperaturePin: 19 } as const;
/** Everything that can hang on a board hangs on it. */
export const ALL_FITTED: Fitted = { led: true, inputs: true, temperature: true, contactFeedback: true };

/** 16 A as the board counts it. */
export const DUTY_16A = 266;

/** The pilot's core on literal instants, with a board that says what the test says. */
export class PilotRig {
  state: PilotState;
  now: number;
  outputs: PilotOutput[] = [];
  view: BoardView = {
    cp: "C",
    dutyPermille: DUTY_16A,
    contactorL1: false,
    contactorL23: false,
    flags: QUIET_FLAGS,
  };
  #sequence = 0;

  constructor(startAt = 0, fitted?: Fitted) {
    this.now = startAt;
    this.state = freshPilot("left", startAt, fitted);
  }

  feed(input: PilotInput): readonly PilotOutput[] {
    const step = pilot(this.state, input, this.now);
    this.state = step.state;
    this.outputs.push(...step.outputs);
    return step.outputs;
  }

  hear(message: BoardMessage): readonly PilotOutput[] {
    return this.feed({ kind: "board", message });
  }

  tick(): readonly PilotOutput[] {
    return this.feed({ kind: "tick" });
  }

  grant(change: Partial<EvseGrant> = {}): readonly PilotOutput[] {
    this.#sequence++;
    return this.feed({ kind: "grant", grant: { ...GRANT, sequence: this.#sequence, ...change } });
  }

  report(
    change: Partial<BoardView> = {},
    volts: { high?: number | null; low?: number | null } = {},
  ): readonly PilotOutput[] {
    this.view = { ...this.view, ...change };
    return this.hear({
      kind: "report",
      view: this.view,
      cpHighV: volts.high === undefined ? 6 : volts.high,
      cpLowV: volts.low === undefined ? -12 : volts.low,
      ppOhm: 220,
      heartbeatEcho: this.state.heartbeat?.value ?? 0,
    });
  }

  flags(change: Partial<BoardFlags>): BoardFlags {
    return { ...this.view.flags, ...change };
  }

  /** Ticks every 50 ms; with `each` between them. */
  wait(ms: number, each: () => void = () => undefined): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now = Math.min(this.now + 50, until);
      each();
      this.tick();
    }
  }

  introduce(name = "EvsePilotFirmata", major = 1): void {
    this.tick();
    this.hear({ kind: "firmware", name, major, minor: 0 });
  }

  prepare(): void {
    this.hear({ kind: "ready" });
    this.hear({ kind: "description", major: 1, minor: 0, contactors: 2, dutyUnits: 1000, pilotHz: 1000 });
    for (const value of [1000, 100, 30, 0]) {
      this.hear({ kind: "answer", to: "configure", accepted: true, result: "accepted", value });
    }
  }

  /** Handshake done, one quiet report heard. */
  bringUp(): this {
    this.introduce();
    this.prepare();
    this.report({ cp: "A", dutyPermille: 1000, flags: this.flags({ armed: false }) }, { high: 12, low: null });
    this.outputs = [];
    return this;
  }

  /** Charging: granted, closed, reported so. */
  charge(): this {
    this.bringUp();
    this.grant();
    this.report({ cp: "C", dutyPermille: DUTY_16A, flags: QUIET_FLAGS });
    this.report({ contactorL1: true, contactorL23: true });
    this.outputs = [];
    return this;
  }

  get sent(): readonly BoardCommand[] {
    return commandsOf(this.outputs);
  }

  get sensed(): PilotSensed {
    const last = this.outputs.findLast(output => output.kind === "publish");
    if (last?.kind !== "publish") throw new Error("nothing was published");
    return last.sensed;
  }
}

export function commandsOf(outputs: readonly PilotOutput[]): readonly BoardCommand[] {
  return outputs.flatMap(output => (output.kind === "send" ? [output.command] : []));
}
