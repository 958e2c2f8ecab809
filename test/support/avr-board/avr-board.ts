import { type AVRIOPort, EEPROMMemoryBackend, PinState } from "avr8js";
import type { CarState } from "../../../services/simulator/board/electrics.ts";
import { Atmega, FREQUENCY_HZ, PAINT } from "./atmega.ts";
import { CYCLES_PER_MS, CycleClock } from "./cycle-clock.ts";
import { Plant } from "./plant.ts";

const EEPROM_BYTES = 1024;
const CYCLES_PER_US = FREQUENCY_HZ / 1_000_000;
const BITS_PER_BYTE = 10;
const BAUD = 57_600;
/** DDRB, DDRC, DDRD; the pull-ups stand beside them. */
const DIRECTIONS = [0x24, 0x27, 0x2a];
const FREE_PINS = [3, 5, 6, 11, 13, 18, 19];
const BOOT = { powerOn: 1, external: 2, watchdog: 8 } as const;

export interface AvrBoardOptions {
  readonly program: Uint16Array<ArrayBuffer>;
  /** Cycles before the processor starts: shifts its periods against everything else. */
  readonly phaseCycles?: number;
  /** How fast bytes of the host follow each other: its own rate, or faster, to press more of them into a second. */
  readonly hostBaud?: number;
}

/** EEPROM cells that can wear out. */
class Cells extends EEPROMMemoryBackend {
  worn = false;
  readonly #memory = new Uint8Array(EEPROM_BYTES).fill(0xff);

  override readMemory(address: number): number {
    return this.#memory[address] ?? 0xff;
  }

  override writeMemory(address: number, value: number): void {
    if (!this.worn) this.#memory[address] = (this.#memory[address] ?? 0xff) & value;
  }

  override eraseMemory(address: number): void {
    if (!this.worn) this.#memory[address] = 0xff;
  }

  flip(address: number): void {
    this.#memory[address] = (this.#memory[address] ?? 0xff) ^ 0x10;
  }
}

/** The real firmware on a simulated processor, and the wiring around it. Time passes in cycles, and only when told to. */
export class AvrBoard {
  readonly clock = new CycleClock();
  readonly plant: Plant;
  readonly eeprom = new Cells(EEPROM_BYTES);
  readonly #program: Uint16Array<ArrayBuffer>;
  readonly #byteCycles: number;
  readonly #listeners = new Set<() => void>();
  #mega: Atmega;
  #host: ((bytes: Uint8Array) => void) | null = null;
  #toBoard: number[] = [];
  #receiving = false;
  #high = { since: 0, ticks: 0, riseAt: 0, periodTicks: 0 };
  #pilotHigh = true;
  /** Levels put on free pins from outside; they outlive resets. */
  readonly #outside = new Map<number, boolean>();
  /** Pull-ups of the three ports as they were followed last. */
  #pulled = -1;

  constructor({ program, phaseCycles = 0, hostBaud = BAUD }: AvrBoardOptions) {
    this.#program = program;
    this.#byteCycles = Math.round((BITS_PER_BYTE * FREQUENCY_HZ) / hostBaud);
    this.clock.cycles = phaseCycles;
    this.plant = new Plant(this.clock, () => {
      this.#wire();
      this.#changed();
    });
    this.#mega = this.#boot(BOOT.powerOn);
    this.clock.onPlanned = dueAt => {
      this.#mega.stopAt(dueAt);
    };
  }

  connect(host: (bytes: Uint8Array) => void): () => void {
    this.#host = host;
    return () => {
      if (this.#host === host) this.#host = null;
    };
  }

  /** Bytes of the host: they arrive one after the other at the line's speed. */
  write(bytes: Uint8Array): void {
    this.#toBoard.push(...bytes);
    this.#receive();
  }

  get pendingBytes(): number {
    return this.#toBoard.length;
  }

  /** Lets time pass. */
  run(ms: number): void {
    this.runUntil(this.clock.cycles + Math.round(ms * CYCLES_PER_MS));
  }

  runUntil(until: number): void {
    const { clock } = this;
    while (clock.cycles < until) {
      const stop = Math.min(until, clock.nextDue);
      if (stop > clock.cycles) this.#runCpu(stop);
      clock.fire();
    }
  }

  get coils(): { readonly l1: boolean; readonly l23: boolean } {
    return { l1: this.plant.k1.coil, l23: this.plant.k2.coil };
  }

  get contactors(): { readonly l1: boolean; readonly l23: boolean } {
    return { l1: this.plant.k1.closed, l23: this.plant.k2.closed };
  }

  get lockDrive(): 0 | 1 | 2 {
    const mega = this.#mega;
    return mega.drives(mega.portB, 4, false) ? 1 : mega.drives(mega.portC, 2, false) ? 2 : 0;
  }

  /** Both lock drives at once: must never be. */
  get lockShort(): boolean {
    const mega = this.#mega;
    return mega.drives(mega.portB, 4, false) && mega.drives(mega.portC, 2, false);
  }

  get pilotHigh(): boolean {
    return this.#pilotHigh;
  }

  /** High part of the last whole period in percent; 0 or 100 while the pin is steady. */
  get dutyPct(): number {
    if (this.clock.cycles - this.#high.since > 2 * CYCLES_PER_MS) return this.#pilotHigh ? 100 : 0;
    return (this.#high.ticks / this.#high.periodTicks) * 100;
  }

  get line(): boolean {
    return !this.plant.cut;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  present(change: { readonly state?: CarState; readonly diode?: boolean; readonly ppOhm?: number | null }): void {
    this.plant.car = { ...this.plant.car, ...change };
  }

  putOutside(pin: number, level: 0 | 1): void {
    this.#outside.set(pin, level === 1);
    this.#hold(pin, level === 1);
  }

  #hold(pin: number, high: boolean): void {
    const { port, bit } = this.#placeOf(pin);
    port.setPin(bit, high);
  }

  #placeOf(pin: number): { readonly port: AVRIOPort; readonly bit: number } {
    const { portB, portC, portD } = this.#mega;
    if (pin < 8) return { port: portD, bit: pin };
    return pin < 14 ? { port: portB, bit: pin - 8 } : { port: portC, bit: pin - 14 };
  }

  reset(): void {
    this.#restart(BOOT.external);
  }

  hang(): void {
    this.#mega.hung = true;
  }

  get processor(): Atmega {
    return this.#mega;
  }

  /** Bytes of RAM above the static part that were never touched since the boot. */
  get untouchedRam(): number {
    const { data } = this.#mega.cpu;
    let longest = 0;
    let run = 0;
    for (const byte of data.subarray(0x100)) {
      run = byte === PAINT ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }

  #runCpu(stop: number): void {
    const mega = this.#mega;
    mega.run(stop);
    this.clock.cycles = Math.max(this.clock.cycles, Math.min(stop, mega.cpu.cycles));
    if (mega.resetAsked) this.#restart(BOOT.watchdog);
  }

  #restart(cause: number): void {
    this.#mega = this.#boot(cause);
    this.#followPins();
  }

  #boot(cause: number): Atmega {
    this.#receiving = false;
    const mega = new Atmega({
      program: this.#program,
      eeprom: this.eeprom,
      cause,
      atCycle: this.clock.cycles,
      analogV: (channel, cycle) => this.#analogV(channel, cycle),
      driven: () => {
        this.clock.cycles = Math.max(this.clock.cycles, mega.cpu.cycles);
        if (mega === this.#mega) this.#followPins();
      },
      transmitted: byte => {
        this.clock.cycles = Math.max(this.clock.cycles, mega.cpu.cycles);
        this.clock.afterCycles(Math.round((BITS_PER_BYTE * FREQUENCY_HZ) / BAUD), () => {
          if (mega === this.#mega) this.#host?.(Uint8Array.of(byte));
        });
      },
    });
    mega.usart.onRxComplete = () => {
      this.#receiving = false;
      this.#receive();
    };
    this.#mega = mega;
    this.#wire();
    return mega;
  }

  /** The next byte of the host begins on the line. */
  #receive(): void {
    if (this.#receiving) return;
    const [byte] = this.#toBoard;
    if (byte === undefined) return;
    this.#receiving = true;
    const mega = this.#mega;
    this.clock.afterCycles(this.#byteCycles, () => {
      this.#toBoard.shift();
      this.#receiving = false;
      if (mega === this.#mega) {
        mega.cpu.cycles = Math.max(mega.cpu.cycles, this.clock.cycles);
        mega.usart.writeByte(byte, true);
      }
      this.#receive();
    });
  }

  /** Pins that the wiring drives. */
  #wire(): void {
    const { rcm, k1, lock } = this.plant;
    const mega = this.#mega;
    mega.portD.setPin(2, rcm.bad);
    mega.portB.setPin(0, !k1.closed);
    mega.portC.setPin(3, !lock.locked);
    this.#pulled = -1;
    for (const [pin, high] of this.#outside) this.#hold(pin, high);
    this.#pullUp();
  }

  /** A pin that nothing holds is high where the firmware has pulled it up; avr8js leaves that to others. */
  #pullUp(): void {
    const { data } = this.#mega.cpu;
    const [b, c, d] = DIRECTIONS.map(at => (data[at + 1] ?? 0) & ~(data[at] ?? 0));
    const pulled = ((b ?? 0) << 16) | ((c ?? 0) << 8) | (d ?? 0);
    if (pulled === this.#pulled) return;
    this.#pulled = pulled;
    for (const pin of FREE_PINS) {
      const { port, bit } = this.#placeOf(pin);
      if (!this.#outside.has(pin)) port.setPin(bit, port.pinState(bit) === PinState.InputPullUp);
    }
  }

  /** What the processor's pins do to the wiring; drivers have pull-downs, the pilot a pull-up. */
  #followPins(): void {
    const mega = this.#mega;
    const { plant, clock } = this;
    const coils = this.coils;
    plant.k1.drive(mega.drives(mega.portD, 4, false));
    plant.k2.drive(mega.drives(mega.portD, 7, false));
    plant.rcm.test(mega.drives(mega.portB, 2, false));
    plant.lock.drive(mega.drives(mega.portB, 4, false), mega.drives(mega.portC, 2, false));
    plant.cut = mega.drives(mega.portD, 5, false);
    this.#followPilot(mega.drives(mega.portB, 1, true), clock.cycles);
    this.#pullUp();
    if (coils.l1 !== plant.k1.coil || coils.l23 !== plant.k2.coil) this.#changed();
  }

  #followPilot(high: boolean, at: number): void {
    if (high === this.#pilotHigh) return;
    this.#pilotHigh = high;
    this.plant.drive(high, at / CYCLES_PER_US);
    if (high) {
      this.#high.periodTicks = at - this.#high.riseAt;
      this.#high.riseAt = at;
    } else this.#high.ticks = at - this.#high.riseAt;
    this.#high.since = at;
  }

  #analogV(channel: number, cycle: number): number {
    if (channel === 0) return this.plant.cpV(cycle / CYCLES_PER_US) / 6 + 2.5;
    if (channel === 5) return this.plant.sensorV;
    if (channel !== 1) return 0;
    const { ppOhm } = this.plant.car;
    return ppOhm === null ? 5 : (5 * ppOhm) / (ppOhm + 1000);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
