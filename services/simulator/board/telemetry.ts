import { type CpClass, FEATURE_VERSION } from "../../../shared/evse-sysex/codes.ts";
import { type BoardMessage, encodeMessage, type HalfWave } from "../../../shared/evse-sysex/message.ts";
import type { Clock, Instant } from "../../../shared/time/clock.ts";
import { Rhythm } from "./rhythm.ts";

const CLOCK_WRAP_MS = 16_384;

/** What a board shows of itself. */
export interface Showing {
  readonly state: CpClass;
  readonly outputs: number;
  readonly flags: number;
  readonly dutyPermille: number;
  readonly ppOhm: number | null;
  readonly heartbeat: number;
  readonly watchdogLeftMs: number;
  readonly lockDrive: number;
}

export interface TelemetryOptions {
  readonly clock: Clock;
  readonly bootCause: number;
  readonly featureMinor: number;
  /** Sends what stands between F0 and F7. */
  readonly send: (body: readonly number[]) => void;
  readonly show: () => Showing;
  /** Both halves of the pilot since the last call. */
  readonly takeHalves: () => { readonly high: HalfWave | null; readonly low: HalfWave | null };
}

/** What a board tells its host: reports at their rhythm, events at once, answers when asked. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #bootedAt: Instant;
  readonly #reports: Rhythm;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#bootedAt = options.clock.now();
    this.#reports = new Rhythm(options.clock, () => this.#report());
  }

  /** 0 = no reports. */
  reportEvery(periodMs: number): void {
    this.#reports.every(periodMs);
  }

  event(code: number, arg: number): void {
    this.tell({ kind: "event", code, arg, clockMs: this.#clockMs, flags: this.#options.show().flags });
  }

  status(): void {
    const { state, outputs, flags, dutyPermille, watchdogLeftMs, lockDrive } = this.#options.show();
    const { bootCause } = this.#options;
    this.tell({ kind: "status", state, outputs, flags, dutyPermille, watchdogLeftMs, lockDrive, bootCause });
  }

  info(): void {
    this.tell({
      kind: "info",
      versionMajor: FEATURE_VERSION.major,
      versionMinor: this.#options.featureMinor,
      contactors: 2,
      dutyUnits: 1000,
      pilotHz: 1000,
      adcStep: 293,
      highSamplesPerS: 500,
      lowSamplesPerS: 500,
      lockHardMaxMs: 1000,
      watchdogMaxMs: 5000,
      baudPer100: 576,
    });
  }

  tell(message: BoardMessage): void {
    this.#options.send(encodeMessage(message));
  }

  #report(): void {
    const { high, low } = this.#options.takeHalves();
    const { state, outputs, flags, dutyPermille, ppOhm, heartbeat } = this.#options.show();
    const clockMs = this.#clockMs;
    this.tell({ kind: "report", clockMs, dutyPermille, high, low, ppOhm, state, outputs, flags, heartbeat });
  }

  get #clockMs(): number {
    return Math.floor(this.#options.clock.now() - this.#bootedAt) % CLOCK_WRAP_MS;
  }
}
