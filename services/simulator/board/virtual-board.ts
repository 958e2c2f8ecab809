import { frame } from "../../../shared/evse-sysex/bits.ts";
import {
  BOOT,
  EVENT,
  FEATURE_ID,
  FEATURE_VERSION,
  FLAG,
  MINOR_WITH_KEEP,
  MINOR_WITH_SETPOINT,
  RESULT,
} from "../../../shared/evse-sysex/codes.ts";
import { decodeCommand, type HostCommand } from "../../../shared/evse-sysex/command.ts";
import { encodeMessage } from "../../../shared/evse-sysex/message.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import { draw, type Random, seeded } from "../random.core.ts";
import { Alarm } from "./alarm.ts";
import { execute } from "./commands.ts";
import { Contactor } from "./contactor.ts";
import { type CarOnLine, cpCounts, lineV, milliVoltCounts, milliVoltsAt, ppCounts } from "./electrics.ts";
import { FirmataCore, type FirmwareName } from "./firmata-core.ts";
import { type FirmataCommand, FirmataParser } from "./firmata-parser.ts";
import { Line, type LineFaults } from "./line.ts";
import { Lock } from "./lock.ts";
import { Mcu } from "./mcu.ts";
import { BoardMemory } from "./memory.ts";
import { Rcm } from "./rcm.ts";
import type { Wiring } from "./wiring.ts";

/** D5 is free on the board; wired to a relay it interrupts the pilot line. */
const CP_RELAY_PIN = 5;
/** What a site file wires to the other free pins unless it says otherwise. */
const LED_PINS = [3, 6, 11] as const;
const SWITCH_PIN = 18;
const SENSOR_CHANNEL = 5;
const ROOM_C = 21;
/** A hung processor restarts by its hardware watchdog; until then its outputs stay as they are. */
const HANG_MS = 64;

export interface VirtualBoardOptions {
  readonly clock: Clock;
  readonly seed?: number;
  /** When the first pilot sample falls after a boot, 0..2 ms; drawn from the seed when left out. */
  readonly samplePhaseMs?: number;
  readonly firmware?: FirmwareName;
  /** 0: a board from before SETPOINT and the safe current; 1: from before KEEP. */
  readonly featureMinor?: number;
}

/** The minor version that brought a command; the others were there from the beginning. */
const SINCE: Readonly<Partial<Record<HostCommand["kind"], number>>> = {
  setpoint: MINOR_WITH_SETPOINT,
  setSafe: MINOR_WITH_SETPOINT,
  safe: MINOR_WITH_SETPOINT,
  keep: MINOR_WITH_KEEP,
  kept: MINOR_WITH_KEEP,
};

/** What a car on the cable sees of the board. */
export interface PilotAtCar {
  /** false while the pilot line is interrupted. */
  readonly connected: boolean;
  /** 0 steady -12 V, 100 steady +12 V. */
  readonly dutyPct: number;
}

/**
 * A pilot board in software: bytes in, bytes out, its own clock, the interlocks and times of the firmware, and the
 * wiring around it. It plans its next instant instead of ticking, so that a simulated day costs little.
 */
export class VirtualBoard {
  firmware: FirmwareName;
  readonly #clock: Clock;
  readonly #options: VirtualBoardOptions;
  readonly #parser: FirmataParser;
  readonly #firmata: FirmataCore;
  readonly #line: Line;
  readonly #wiring: Wiring;
  readonly #restart: Alarm;
  readonly #listeners = new Set<() => void>();
  #random: Random;
  #mcu: Mcu;
  #running = false;
  #host: ((bytes: Uint8Array) => void) | null = null;
  #car: CarOnLine = { state: "A", diode: true, ppOhm: null };
  #cpOverrideV: number | null = null;
  #sensorMv = milliVoltsAt(ROOM_C);

  constructor(options: VirtualBoardOptions) {
    const { clock } = options;
    this.#clock = clock;
    this.#options = options;
    this.firmware = options.firmware ?? { name: "EvsePilotFirmata", major: 1, minor: 0 };
    this.#random = seeded(options.seed ?? 1);
    this.#restart = new Alarm(clock);
    this.#parser = new FirmataParser(command => {
      this.#obey(command);
    });
    this.#line = new Line(
      clock,
      () => this.draw(),
      bytes => this.#host?.(bytes),
      bytes => {
        if (this.#running) this.#parser.feed(bytes);
      },
    );
    this.#firmata = new FirmataCore({
      clock,
      firmware: () => this.firmware,
      send: bytes => this.#line.fromBoard(bytes),
      analog: channel => this.#counts(channel),
      onDriven: () => {
        if (!this.#running) return;
        this.#mcu.lineChanged();
        this.#changed();
      },
    });
    this.#wiring = this.#wire();
    this.#mcu = this.#boot(BOOT.powerOn);
  }

  /** Plugs a host in; it replaces the one before. Answers how to pull it out again. */
  connect(host: (bytes: Uint8Array) => void): () => void {
    this.#host = host;
    return () => {
      if (this.#host === host) this.#host = null;
    };
  }

  /** Bytes of the host. */
  write(bytes: Uint8Array): void {
    this.#line.fromHost(bytes);
  }

  /** Contactors as they really stand. */
  get contactors(): { readonly l1: boolean; readonly l23: boolean } {
    return { l1: this.#wiring.k1.closed, l23: this.#wiring.k2.closed };
  }

  /** What the board asks its contactors for: they follow some ms later, or not at all when welded. */
  get coils(): { readonly l1: boolean; readonly l23: boolean } {
    return { l1: this.#wiring.k1.coil, l23: this.#wiring.k2.coil };
  }

  get pilot(): PilotAtCar {
    return { connected: !this.#firmata.pins.drivenHigh(CP_RELAY_PIN), dutyPct: this.#mcu.dutyPermille / 10 };
  }

  get car(): CarOnLine {
    return this.#car;
  }

  /** What is plugged in shows something else. */
  present(car: Partial<CarOnLine>): void {
    this.#car = { ...this.#car, ...car };
    if (this.#running) this.#mcu.lineChanged();
    this.#changed();
  }

  /** Tells when contactors, pilot, pilot line or car changed. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  get faults(): LineFaults {
    return this.#line.faults;
  }

  get wiring(): Wiring {
    return this.#wiring;
  }

  get flags(): number {
    return this.#mcu.flags;
  }

  get cpState(): string {
    return this.#mcu.state;
  }

  get running(): boolean {
    return this.#running;
  }

  /** A voltage put on the pilot line from outside; null = what the car makes of it. */
  overrideCp(volts: number | null): void {
    this.#cpOverrideV = volts;
    this.present({});
  }

  putOutside(pin: number, level: 0 | 1): void {
    this.#firmata.pins.putOutside(pin, level);
  }

  /** Whether an external switch to ground on A4 is pressed. */
  pressSwitch(pressed: boolean): void {
    this.putOutside(SWITCH_PIN, pressed ? 0 : 1);
  }

  /** Voltage at A5, where the temperature sensor sits. */
  setSensor(milliV: number): void {
    this.#sensorMv = milliV;
  }

  /** Red, green and blue, 0..255, of the LED on D3, D6 and D11. */
  get led(): readonly [number, number, number] {
    const { pins } = this.#firmata;
    return [pins.dimmed(LED_PINS[0]), pins.dimmed(LED_PINS[1]), pins.dimmed(LED_PINS[2])];
  }

  latchOverrun(): void {
    this.#mcu.latch(FLAG.overrun);
  }

  /** The reset line: outputs fall, everything is forgotten, the board announces itself again. */
  reset(): void {
    this.#restart.clear();
    this.#mcu.stop();
    this.#mcu = this.#boot(BOOT.external);
  }

  /** The program stops with interrupts off; outputs stay until the hardware watchdog bites. */
  hang(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#mcu.freeze();
    this.#restart.at(this.#clock.now() + HANG_MS, () => {
      this.#mcu.stop();
      this.#mcu = this.#boot(BOOT.watchdog);
    });
  }

  /** Its supply is gone: outputs fall and nothing more happens on it. */
  powerOff(): void {
    this.#restart.clear();
    this.#running = false;
    this.#mcu.stop();
    this.#firmata.reset();
  }

  /** Noise on the line towards the host. */
  sendGarbage(bytes: number): void {
    this.sendRaw(Array.from({ length: bytes }, () => Math.floor(this.draw() * 256)));
  }

  /** Bytes towards the host that the firmware never sent. */
  sendRaw(bytes: readonly number[]): void {
    this.#line.fromBoard(bytes);
  }

  /** The next number in [0, 1) of this board's own sequence. */
  draw(): number {
    const { value, random } = draw(this.#random);
    this.#random = random;
    return value;
  }

  #boot(cause: number): Mcu {
    const mcu = new Mcu({
      clock: this.#clock,
      wiring: this.#wiring,
      bootCause: cause,
      featureMinor: this.#featureMinor,
      samplePhaseMs: this.#options.samplePhaseMs ?? this.draw() * 2,
      send: body => this.#line.fromBoard([...frame(body)]),
      onDriven: () => this.#changed(),
    });
    this.#mcu = mcu;
    this.#running = true;
    this.#parser.clear();
    this.#firmata.reset();
    this.#firmata.announce();
    mcu.boot();
    this.#changed();
    return mcu;
  }

  #wire(): Wiring {
    const moved = (): void => {
      if (this.#running) this.#mcu.contactMoved();
      this.#changed();
    };
    const whenRunning = (run: () => void): void => {
      if (this.#running) run();
    };
    return {
      k1: new Contactor(this.#clock, moved),
      k2: new Contactor(this.#clock, moved),
      rcm: new Rcm(this.#clock, {
        lineChanged: bad => whenRunning(() => this.#mcu.rcmLineChanged(bad)),
        tested: arg => whenRunning(() => this.#mcu.telemetry.event(EVENT.rcmTest, arg)),
        testFailed: () => whenRunning(() => this.#mcu.rcmTestFailed()),
      }),
      memory: new BoardMemory(),
      lock: new Lock(this.#clock, arg => whenRunning(() => this.#mcu.telemetry.event(EVENT.lockDone, arg))),
      cpV: high => this.#cpV(high),
      ppOhm: () => this.#car.ppOhm,
    };
  }

  #counts(channel: number): number {
    if (channel === 0) return cpCounts(this.#cpV(true));
    if (channel === 1) return ppCounts(this.#car.ppOhm);
    return channel === SENSOR_CHANNEL ? milliVoltCounts(this.#sensorMv) : 0;
  }

  #cpV(high: boolean): number {
    if (this.#cpOverrideV !== null) return this.#cpOverrideV;
    return lineV(this.pilot.connected ? this.#car : { ...this.#car, state: "A" }, high);
  }

  #obey(command: FirmataCommand): void {
    if (command.kind === "version") this.#firmata.answerVersion();
    else if (command.kind === "reset") {
      this.#firmata.reset();
      this.#mcu.systemReset();
    } else if (command.kind === "short") this.#firmata.short(command);
    else if (command.id === FEATURE_ID) this.#execute(command.data);
    else this.#firmata.sysex(command.id, command.data);
  }

  #execute(bytes: readonly number[]): void {
    const decoded = decodeCommand(bytes);
    if (!decoded.ok) {
      this.#refuse(decoded.sub, decoded.result);
      return;
    }
    if (this.#featureMinor < (SINCE[decoded.command.kind] ?? 0)) {
      this.#refuse(bytes[0] ?? 0, RESULT.unknown);
      return;
    }
    const answer = execute(decoded.command, this.#mcu, this.#wiring);
    if (answer === null) return;
    this.#mcu.telemetry.tell({ kind: "ack", command: bytes[0] ?? 0, result: answer.result, arg: answer.arg });
  }

  #refuse(command: number, result: number): void {
    this.#line.fromBoard([...frame(encodeMessage({ kind: "ack", command, result, arg: 0 }))]);
  }

  get #featureMinor(): number {
    return this.#options.featureMinor ?? FEATURE_VERSION.minor;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
