import type { AvrBoard } from "./avr-board.ts";

const SREG = 95;
const INTERRUPTS_ON = 0x80;
const CYCLES_PER_US = 16;

/** Measures how long interrupts stay off, in handlers and in the main loop alike. */
export class InterruptWatch {
  longestUs = 0;
  readonly #restore: () => void;

  constructor(board: AvrBoard) {
    const { cpu } = board.processor;
    const tick = cpu.tick.bind(cpu);
    let offSince: number | null = null;
    cpu.tick = () => {
      // Before the tick: the state that the last instruction left. An interrupt that is taken follows in the tick.
      const on = ((cpu.data[SREG] ?? 0) & INTERRUPTS_ON) !== 0;
      if (!on) offSince ??= cpu.cycles;
      else if (offSince !== null) {
        this.longestUs = Math.max(this.longestUs, (cpu.cycles - offSince) / CYCLES_PER_US);
        offSince = null;
      }
      tick();
    };
    this.#restore = () => {
      cpu.tick = tick;
    };
  }

  stop(): void {
    this.#restore();
  }
}
