import { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { obey } from "../../services/simulator/board/words.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { AvrBoard, type AvrBoardOptions } from "./avr-board/avr-board.ts";
import { releasedFirmware } from "./avr-board/released.ts";
import { obeyAvr } from "./avr-board/words.ts";

/** A pilot board and its wiring, in time that passes only when told to. */
export interface BoardEngine {
  readonly name: "virtual" | "avr8js";
  /** Unmoved by resets. */
  readonly nowMs: number;
  run(ms: number): void;
  write(bytes: Uint8Array): void;
  connect(host: (bytes: Uint8Array) => void): void;
  /** The words of services/simulator/board/words.ts, for both. */
  say(words: string): string;
  readonly coils: { readonly l1: boolean; readonly l23: boolean };
  readonly contactors: { readonly l1: boolean; readonly l23: boolean };
  /** As driven on the line: 0 and 100 are steady. */
  readonly dutyPct: number;
  readonly lineConnected: boolean;
  readonly lockDrive: 0 | 1 | 2;
  onChange(listener: () => void): () => void;
}

export interface EngineOptions {
  /** Instant of the first sample, or of the first period, against everything else: 0..2 ms. */
  readonly phaseMs?: number;
  /** Pace of the host's bytes where they are paced. */
  readonly hostBaud?: number;
}

export type MakeEngine = (options?: EngineOptions) => BoardEngine;

export const virtualEngine: MakeEngine = ({ phaseMs = 0.3 } = {}) => {
  const clock = new ManualClock();
  const board = new VirtualBoard({ clock, samplePhaseMs: phaseMs });
  return {
    name: "virtual",
    get nowMs() {
      return clock.now();
    },
    run: ms => clock.advance(ms),
    write: bytes => board.write(bytes),
    connect: host => void board.connect(host),
    say: words => obey(board, words),
    get coils() {
      return board.coils;
    },
    get contactors() {
      return board.contactors;
    },
    get dutyPct() {
      return board.pilot.dutyPct;
    },
    get lineConnected() {
      return board.pilot.connected;
    },
    get lockDrive() {
      return board.wiring.lock.drive;
    },
    onChange: listener => board.onChange(listener),
  };
};

/** The firmware as released, on a simulated processor. */
export const avrEngine: MakeEngine = options => avrEngineOf(new AvrBoard(avrOptions(options)));

function avrOptions({ phaseMs = 0.3, hostBaud = 57_600 }: EngineOptions = {}): AvrBoardOptions {
  return { program: releasedFirmware(), phaseCycles: Math.round(phaseMs * 16_000), hostBaud };
}

export function avrEngineOf(board: AvrBoard): BoardEngine {
  return {
    name: "avr8js",
    get nowMs() {
      return board.clock.now();
    },
    run: ms => board.run(ms),
    write: bytes => board.write(bytes),
    connect: host => void board.connect(host),
    say: words => obeyAvr(board, words),
    get coils() {
      return board.coils;
    },
    get contactors() {
      return board.contactors;
    },
    get dutyPct() {
      return board.dutyPct;
    },
    get lineConnected() {
      return board.line;
    },
    get lockDrive() {
      return board.lockDrive;
    },
    onChange: listener => board.onChange(listener),
  };
}
