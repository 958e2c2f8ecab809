import {
  AVRADC,
  AVRClock,
  AVREEPROM,
  AVRIOPort,
  AVRTimer,
  AVRUSART,
  AVRWatchdog,
  adcConfig,
  avrInstruction,
  CPU,
  clockConfig,
  type EEPROMMemoryBackend,
  PinState,
  portBConfig,
  portCConfig,
  portDConfig,
  timer0Config,
  timer1Config,
  timer2Config,
  usart0Config,
  watchdogConfig,
} from "avr8js";

export const FREQUENCY_HZ = 16_000_000;
const SRAM_BYTES = 2048;
const REGISTER_BYTES = 0x100;
/** What the stack has never touched keeps this. */
export const PAINT = 0xc5;
const SLEEP = 0x9588;
/** After these the processor carries out one more instruction before it takes an interrupt. */
const SEI = 0x9478;
const RETI = 0x9518;
const RXC = 0x80;
const ADC_CLOCK = 128;
const CONVERSION_CLOCKS = 13;
const HOLD_CLOCKS = 1.5;

export interface AtmegaOptions {
  readonly program: Uint16Array<ArrayBuffer>;
  readonly eeprom: EEPROMMemoryBackend;
  /** MCUSR at this boot. */
  readonly cause: number;
  readonly atCycle: number;
  /** Volts at an ADC input at this cycle. */
  readonly analogV: (channel: number, cycle: number) => number;
  /** An output or a direction changed. */
  readonly driven: () => void;
  readonly transmitted: (byte: number) => void;
}

/** From one reset to the next: an ATmega328P as avr8js has it, with what it lacks. */
export class Atmega {
  readonly cpu: CPU;
  readonly portB: AVRIOPort;
  readonly portC: AVRIOPort;
  readonly portD: AVRIOPort;
  readonly usart: AVRUSART;
  /** The hardware watchdog bit, or the reset vector was called for. */
  resetAsked = false;
  /** The program stands still with interrupts off. */
  hung = false;
  /** Where `run` ends. */
  #until = 0;
  #sleeping = false;

  constructor(options: AtmegaOptions) {
    const cpu = new CPU(options.program, SRAM_BYTES);
    this.cpu = cpu;
    cpu.cycles = options.atCycle;
    cpu.data.fill(PAINT, REGISTER_BYTES);
    // avr8js restarts the processor only; here the reset makes a new one with its peripherals.
    cpu.reset = () => {
      this.resetAsked = true;
    };
    this.portB = new AVRIOPort(cpu, portBConfig);
    this.portC = new AVRIOPort(cpu, portCConfig);
    this.portD = new AVRIOPort(cpu, portDConfig);
    for (const port of [this.portB, this.portC, this.portD]) port.addListener(options.driven);
    this.#timers(cpu);
    this.usart = this.#usart(cpu, options.transmitted);
    this.#adc(cpu, options.analogV);
    const clock = new AVRClock(cpu, FREQUENCY_HZ, clockConfig);
    cpu.data[watchdogConfig.MCUSR] = options.cause;
    new AVRWatchdog(cpu, watchdogConfig, clock);
    new AVREEPROM(cpu, options.eeprom);
  }

  /** Level that an output drives; a floating pin counts as its pull says. */
  drives(port: AVRIOPort, bit: number, floating: boolean): boolean {
    const state = port.pinState(bit);
    return state === PinState.High || (state !== PinState.Low && floating);
  }

  /** Runs up to this cycle, or until a reset is asked for. */
  run(until: number): void {
    const { cpu } = this;
    this.#until = until;
    while (cpu.cycles < this.#until && !this.resetAsked) {
      if (this.hung) this.#standStill();
      else if (this.#sleeping) this.#sleep();
      else {
        const instruction = cpu.progMem[cpu.pc];
        const asleep = instruction === SLEEP;
        avrInstruction(cpu);
        if (instruction === SEI || instruction === RETI) continue;
        const next = cpu.pc;
        cpu.tick();
        // An interrupt that was waiting wakes it at once.
        this.#sleeping = asleep && cpu.pc === next;
      }
    }
  }

  /** Ends a running `run` earlier. */
  stopAt(cycle: number): void {
    this.#until = Math.min(this.#until, cycle);
  }

  /** SLEEP does nothing in avr8js; here time jumps to the next event until an interrupt comes. */
  #sleep(): void {
    const { cpu } = this;
    const before = cpu.pc;
    if (cpu.nextInterrupt < 0) this.#jump();
    cpu.tick();
    if (cpu.pc !== before) this.#sleeping = false;
  }

  #standStill(): void {
    this.cpu.data[95] = (this.cpu.data[95] ?? 0) & 0x7f;
    this.#jump();
    this.cpu.tick();
  }

  #jump(): void {
    const { cpu } = this;
    const until = this.#until;
    // avr8js keeps its queue to itself.
    const { nextClockEvent } = cpu as unknown as { readonly nextClockEvent: { readonly cycles: number } | null };
    cpu.cycles = Math.max(cpu.cycles, Math.min(until, nextClockEvent?.cycles ?? until));
  }

  /** avr8js asks a running timer at each of its ticks; here at its next match, which comes to the same. */
  #timers(cpu: CPU): void {
    const timers = [timer0Config, timer1Config, timer2Config].map(
      config => new AVRTimer(cpu, config) as unknown as TimerInside,
    );
    const plan = cpu.addClockEvent.bind(cpu);
    cpu.addClockEvent = (callback, cycles) => {
      const timer = timers.find(({ count }) => count === callback);
      return plan(callback, timer === undefined ? cycles : cyclesToNextMatch(timer, cpu.cycles, cycles));
    };
  }

  #usart(cpu: CPU, transmitted: (byte: number) => void): AVRUSART {
    const usart = new AVRUSART(cpu, usart0Config, FREQUENCY_HZ);
    usart.onByteTransmit = transmitted;
    // Writing UCSR0B while a byte waits would lose that byte.
    const { UCSRA, UCSRB } = usart0Config;
    const hook = cpu.writeHooks[UCSRB];
    if (hook === undefined) throw new Error("avr8js: no hook on UCSR0B");
    cpu.writeHooks[UCSRB] = (value, old, address, mask) => {
      const waiting = (cpu.data[UCSRA] ?? 0) & RXC;
      const done = hook(value, old, address, mask);
      if (waiting !== 0)
        cpu.setInterruptFlag((usart as unknown as { RXC: Parameters<CPU["setInterruptFlag"]>[0] }).RXC);
      return done;
    };
    return usart;
  }

  /** Sample and hold 1.5 ADC clocks after the first edge of the running prescaler, the result after 13. */
  #adc(cpu: CPU, analogV: (channel: number, cycle: number) => number): void {
    const adc = new AVRADC(cpu, adcConfig);
    adc.onADCRead = input => {
      const channel = "channel" in input ? input.channel : 0;
      const toEdge = ADC_CLOCK - (cpu.cycles % ADC_CLOCK);
      const holdAt = cpu.cycles + toEdge + HOLD_CLOCKS * ADC_CLOCK;
      let counts = 0;
      cpu.addClockEvent(() => {
        counts = Math.min(1023, Math.max(0, Math.round((analogV(channel, holdAt) / 5) * 1024)));
      }, holdAt - cpu.cycles);
      cpu.addClockEvent(
        () => {
          adc.completeADCRead(counts);
        },
        toEdge + CONVERSION_CLOCKS * ADC_CLOCK,
      );
    };
  }
}

interface TimerInside {
  readonly count: () => void;
  readonly updateDivider: boolean;
  readonly tcntUpdated: boolean;
  readonly divider: number;
  readonly lastCycle: number;
  readonly tcnt: number;
  readonly ocrA: number;
  readonly ocrB: number;
  readonly TOP: number;
}

function cyclesToNextMatch(timer: TimerInside, now: number, asked: number): number {
  const { divider, tcnt, ocrA, ocrB, TOP, lastCycle } = timer;
  if (timer.updateDivider || timer.tcntUpdated || divider === 0 || tcnt > TOP) return asked;
  const ticks = Math.min(...[ocrA, ocrB, TOP + 1].filter(match => match > tcnt).map(match => match - tcnt));
  return lastCycle + ticks * divider - now;
}
