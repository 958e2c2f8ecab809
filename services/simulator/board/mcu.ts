import {
  BLOCKING_FLAGS,
  BOOT,
  CP_STATES,
  type CpClass,
  DUTY,
  EVENT,
  FLAG,
  LATCHED_FLAGS,
  OPENED_BY,
  OUTPUT,
} from "../../../shared/evse-sysex/codes.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import { Alarm } from "./alarm.ts";
import { ConfigStore } from "./config-store.ts";
import { cpCounts, cpVolts, ppCounts, ppOhm } from "./electrics.ts";
import { Sampler } from "./sampler.ts";
import { type Showing, Telemetry } from "./telemetry.ts";
import { Watchdog } from "./watchdog.ts";
import { WeldWatch } from "./weld-watch.ts";
import type { Wiring } from "./wiring.ts";

/** One ADC count at the pilot line. */
const NOISE_V = 0.03;
const RCM_BY_EDGE = 0;
const RCM_BY_LEVEL = 1;
/** The least duty that offers a current: 10 %, 6 A (IEC 61851-1 table A.7). */
const LEAST_OFFER_PERMILLE = 100;

export interface McuOptions {
  readonly clock: Clock;
  readonly wiring: Wiring;
  readonly bootCause: number;
  readonly featureMinor: number;
  /** When the first sample falls after the boot: 0..2 ms. */
  readonly samplePhaseMs: number;
  /** Sends what stands between F0 and F7. */
  readonly send: (body: readonly number[]) => void;
  /** The duty cycle or a coil changed. */
  readonly onDriven: () => void;
}

/** From boot to reset: flags, latches, interlocks, pilot and contactors, reports and events of the firmware. */
export class Mcu {
  readonly config: ConfigStore;
  readonly telemetry: Telemetry;
  readonly #options: McuOptions;
  readonly #wiring: Wiring;
  readonly #sampler: Sampler;
  readonly #watchdog: Watchdog;
  readonly #weld: WeldWatch;
  readonly #grace: Alarm;
  readonly #steady: Alarm;
  /** Pending while the grant has run out and the safe current holds. */
  readonly #safe: Alarm;
  #latched = 0;
  #localOpen = false;
  #dutyPermille: number = DUTY.positive;
  #mask = 0;
  #sequence = 0;

  constructor(options: McuOptions) {
    const { clock } = options;
    this.#options = options;
    this.#wiring = options.wiring;
    options.wiring.memory.read();
    this.config = new ConfigStore(options.wiring.memory.config.inForce);
    this.#grace = new Alarm(clock);
    this.#steady = new Alarm(clock);
    this.#safe = new Alarm(clock);
    this.telemetry = new Telemetry({
      clock,
      bootCause: options.bootCause,
      featureMinor: options.featureMinor,
      send: options.send,
      show: () => this.#showing,
      takeHalves: () => this.#sampler.take(NOISE_V),
    });
    this.#latched = options.bootCause === BOOT.watchdog ? FLAG.hwWatchdog : 0;
    this.#sampler = new Sampler(clock, this.config.sampling, options.samplePhaseMs, {
      stateChanged: (state, before) => this.telemetry.event(EVENT.cpState, indexOf(state) | (indexOf(before) << 4)),
      notCharging: () => this.open(OPENED_BY.cp),
      diodeChanged: missing => {
        if (missing) this.open(OPENED_BY.diode);
        this.telemetry.event(EVENT.diode, missing ? 1 : 0);
      },
    });
    this.#weld = new WeldWatch(clock, options.wiring.k1, () => {
      if ((this.#latched & FLAG.weld) !== 0) return;
      this.#latched |= FLAG.weld;
      this.telemetry.event(EVENT.weld, 0);
    });
    this.#watchdog = new Watchdog(clock, this.config.get("watchdogMs"), () => this.#silence());
  }

  /** Begins its life: the boot event, then what the wiring shows. */
  boot(): void {
    this.telemetry.event(EVENT.boot, this.#options.bootCause);
    if (this.#wiring.rcm.lineBad) this.rcmLineChanged(true, RCM_BY_LEVEL);
    this.contactMoved();
    this.lineChanged();
    this.telemetry.reportEvery(this.config.get("reportMs"));
  }

  /** The program stands still; what it drove it keeps driving. */
  freeze(): void {
    this.#sampler.stop();
    this.#watchdog.stop();
    this.#grace.clear();
    this.#steady.clear();
    this.#safe.clear();
    this.#weld.stop();
    this.telemetry.reportEvery(0);
  }

  /** The processor restarts: every output falls, pull-ups hold the pilot at steady +12 V. */
  stop(): void {
    this.freeze();
    this.#dutyPermille = DUTY.positive;
    this.#mask = 0;
    this.#wiring.k1.drive(false);
    this.#wiring.k2.drive(false);
    this.#wiring.rcm.abort();
    this.#wiring.lock.abort();
  }

  get dutyPermille(): number {
    return this.#dutyPermille;
  }

  get mask(): number {
    return this.#mask;
  }

  get state(): CpClass {
    return this.#sampler.state;
  }

  get flags(): number {
    return (
      this.commandFlags |
      bit(this.#wiring.lock.locked, FLAG.lockFeedback) |
      bit(this.#wiring.k1.closed, FLAG.contactFeedback)
    );
  }

  /** The flags without live feedback, as a refused command shows them. */
  get commandFlags(): number {
    const { rcm } = this.#wiring;
    return (
      this.#latched |
      bit(rcm.lineBad, FLAG.rcmLine) |
      bit(this.#localOpen, FLAG.localOpen) |
      bit(this.#sampler.diodeMissing, FLAG.diode) |
      bit(this.#watchdog.armed, FLAG.wdArmed) |
      bit(this.#safe.pending, FLAG.safeCurrent) |
      bit(rcm.testing, FLAG.rcmTesting)
    );
  }

  get #outputs(): number {
    const { lock, rcm } = this.#wiring;
    return (
      this.#mask |
      bit(lock.drive === 1, OUTPUT.lock) |
      bit(lock.drive === 2, OUTPUT.unlock) |
      bit(rcm.output, OUTPUT.rcmTest)
    );
  }

  /** Everything that must hold before a contactor closes. */
  get mayClose(): boolean {
    const state = this.#sampler.state;
    return (
      this.#watchdog.armed &&
      (state === "C" || (state === "D" && this.config.get("allowD") === 1)) &&
      this.#sampler.fresh &&
      this.#sampler.asksForCurrent &&
      this.#dutyPermille >= DUTY.least &&
      this.#dutyPermille <= DUTY.most &&
      (this.commandFlags & BLOCKING_FLAGS) === 0
    );
  }

  get mayOscillate(): boolean {
    return this.#watchdog.armed && !this.#safe.pending && (this.#latched & FLAG.wdTrip) === 0;
  }

  /** A grant for its own time, or a heartbeat for the usual one. */
  permitted(sequence: number, ttlMs: number | null): void {
    this.#sequence = sequence;
    this.#watchdog.beat(ttlMs);
    this.#endSafe();
  }

  /** The firmware takes a new duty over at its next 1 ms cycle; here it counts from now. */
  drivePilot(dutyPermille: number): void {
    if (dutyPermille === this.#dutyPermille) return;
    this.#dutyPermille = dutyPermille;
    this.#guardSteady();
    this.lineChanged();
    this.#options.onDriven();
  }

  close(mask: number): void {
    this.#mask = mask;
    this.#drive();
    this.#guardSteady();
  }

  /** Opens both contactors and remembers when it was the board's own decision. */
  open(why: number): void {
    if (this.#mask === 0) return;
    this.#mask = 0;
    this.#drive();
    this.#steady.clear();
    if (why !== OPENED_BY.host) this.#localOpen = true;
    this.telemetry.event(EVENT.contactorsOpened, why);
    this.contactMoved();
    // The safe current is there to carry on with; with nothing to carry on, silence is silence.
    if (this.#endSafe()) this.#trip();
  }

  forgetLocalOpen(): void {
    this.#localOpen = false;
  }

  /** Clears what may be cleared; answers the flags after it. */
  clear(mask: number): number {
    let allowed = mask & LATCHED_FLAGS;
    if (this.#wiring.rcm.lineBad) allowed &= ~FLAG.rcmTrip;
    if (this.#watchdog.leftMs === 0) allowed &= ~FLAG.wdTrip;
    if (this.#wiring.k1.closed) allowed &= ~FLAG.weld;
    this.#latched &= ~allowed;
    return this.flags;
  }

  latch(flag: number): void {
    this.#latched |= flag;
  }

  /** A value of `config` changed. */
  configured(name: string): void {
    if (name === "watchdogMs") this.#watchdog.setLimit(this.config.get("watchdogMs"));
    else if (name === "reportMs") this.telemetry.reportEvery(this.config.get("reportMs"));
    else if (name === "steadyClosedMs") this.#guardSteady();
    else this.#sampler.configure(this.config.sampling);
  }

  /** Firmata's system reset: to the safe state. Watchdog and latches stay. */
  systemReset(): void {
    this.open(OPENED_BY.reset);
    this.drivePilot(DUTY.positive);
    this.#wiring.lock.stop();
  }

  /** The car or the line between it and the board changed. */
  lineChanged(): void {
    const read = (high: boolean): number => cpVolts(cpCounts(this.#wiring.cpV(high)));
    this.#sampler.feed({
      highV: this.#dutyPermille === DUTY.negative ? null : read(true),
      lowV: this.#dutyPermille === DUTY.positive ? null : read(false),
    });
  }

  /** `by`: the edge was seen, or only the level. */
  rcmLineChanged(bad: boolean, by: typeof RCM_BY_EDGE | typeof RCM_BY_LEVEL = RCM_BY_EDGE): void {
    if (bad && !this.#wiring.rcm.testing) {
      this.open(OPENED_BY.rcm);
      this.#latched |= FLAG.rcmTrip;
      this.telemetry.event(EVENT.rcmTrip, by);
    }
    this.telemetry.event(EVENT.rcmLine, bad ? 1 : 0);
  }

  rcmTestFailed(): void {
    this.#latched |= FLAG.rcmTestBad;
    if (!this.#wiring.rcm.lineBad) return;
    this.#latched |= FLAG.rcmTrip;
    this.telemetry.event(EVENT.rcmTrip, RCM_BY_LEVEL);
  }

  /** The poles of a contactor moved, or its coil fell. */
  contactMoved(): void {
    this.#weld.look();
  }

  get #showing(): Showing {
    return {
      state: this.#sampler.state,
      outputs: this.#outputs,
      flags: this.flags,
      dutyPermille: this.#dutyPermille,
      ppOhm: ppOhm(ppCounts(this.#wiring.ppOhm())),
      heartbeat: this.#sequence,
      watchdogLeftMs: Math.floor(this.#watchdog.leftMs),
      lockDrive: this.#wiring.lock.drive,
    };
  }

  #drive(): void {
    this.#wiring.k1.drive((this.#mask & OUTPUT.k1) !== 0);
    this.#wiring.k2.drive((this.#mask & OUTPUT.k2) !== 0);
    this.#options.onDriven();
  }

  /** The host fell silent. Where the installer allowed it, a car that charges goes on with the safe current for a while. */
  #silence(): void {
    if ((this.#latched & FLAG.wdTrip) !== 0) return;
    const { currentDeciA, graceS } = this.#wiring.memory.safe.inForce;
    const offered = this.#dutyPermille >= LEAST_OFFER_PERMILLE && this.#dutyPermille <= DUTY.most;
    if (currentDeciA === 0 || this.#mask === 0 || !offered) {
      this.#trip();
      return;
    }
    this.#safe.at(this.#options.clock.now() + graceS * 1000, () => {
      this.telemetry.event(EVENT.safeCurrent, 0);
      this.#trip();
    });
    this.telemetry.event(EVENT.safeCurrent, 1);
    this.drivePilot(Math.min(this.#dutyPermille, dutyPermilleOf(currentDeciA)));
  }

  /** Answers whether there was something to end. */
  #endSafe(): boolean {
    if (!this.#safe.pending) return false;
    this.#safe.clear();
    this.telemetry.event(EVENT.safeCurrent, 0);
    return true;
  }

  /** Steady +12 V at once, the contactors after the grace. */
  #trip(): void {
    this.#latched |= FLAG.wdTrip;
    this.drivePilot(DUTY.positive);
    this.telemetry.event(EVENT.watchdogTrip, this.#watchdog.limitMs);
    const graceMs = this.config.get("watchdogGraceMs");
    if (graceMs === 0) this.open(OPENED_BY.watchdog);
    else this.#grace.at(this.#options.clock.now() + graceMs, () => this.open(OPENED_BY.watchdog));
  }

  /** Closed at steady +12 V: the car was told to stop and gets a limited time to do so. */
  #guardSteady(): void {
    if (this.#mask === 0 || this.#dutyPermille !== DUTY.positive) {
      this.#steady.clear();
      return;
    }
    this.#steady.at(this.#options.clock.now() + this.config.get("steadyClosedMs"), () => {
      this.open(OPENED_BY.steadyTooLong);
    });
  }
}

/** IEC 61851-1 table A.8: 0.6 A per percent up to 51 A. */
function dutyPermilleOf(currentDeciA: number): number {
  return Math.floor((currentDeciA * 10) / 6);
}

function bit(on: boolean, flag: number): number {
  return on ? flag : 0;
}

function indexOf(state: CpClass): number {
  return CP_STATES.indexOf(state);
}
