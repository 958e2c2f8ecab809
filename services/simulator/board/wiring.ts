import type { Contactor } from "./contactor.ts";
import type { Lock } from "./lock.ts";
import type { BoardMemory } from "./memory.ts";
import type { Rcm } from "./rcm.ts";

/** The wiring a board finds: it outlives every reboot. */
export interface Wiring {
  readonly k1: Contactor;
  readonly k2: Contactor;
  readonly rcm: Rcm;
  readonly lock: Lock;
  readonly memory: BoardMemory;
  /** Voltage on the pilot line while the board drives +12 V or -12 V. */
  readonly cpV: (high: boolean) => number;
  readonly ppOhm: () => number | null;
}
