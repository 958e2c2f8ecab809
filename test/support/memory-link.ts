import type { Link, LinkListener, OpenLink } from "../../services/pilot/drivers/link.ts";
import type { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";

/** What a cable needs of a board. */
export type CabledBoard = Pick<VirtualBoard, "connect" | "write" | "reset">;

/** A cable in memory between a driver and a simulated board; it can be pulled and plugged in again. */
export class MemoryCable {
  readonly #board: CabledBoard;
  readonly #resetOnOpen: boolean;
  #plugged = true;
  #pull: ((reason: string) => void) | null = null;
  /** How often a host tried to open it. */
  opens = 0;

  constructor(board: CabledBoard, options: { readonly resetOnOpen?: boolean } = {}) {
    this.#board = board;
    this.#resetOnOpen = options.resetOnOpen ?? false;
  }

  readonly open: OpenLink = (listener: LinkListener): Link => {
    this.opens++;
    let alive = true;
    let disconnect = (): void => undefined;
    const end = (reason: string): void => {
      if (!alive) return;
      alive = false;
      disconnect();
      listener.closed(reason);
    };
    queueMicrotask(() => {
      if (!alive) return;
      if (!this.#plugged) {
        end("no such device");
        return;
      }
      disconnect = this.#board.connect(bytes => {
        if (alive) listener.data(bytes);
      });
      this.#pull = end;
      if (this.#resetOnOpen) this.#board.reset();
      listener.opened();
    });
    return {
      write: bytes => {
        if (alive) this.#board.write(bytes);
      },
      close: () => {
        alive = false;
        disconnect();
      },
    };
  };

  pull(): void {
    this.#plugged = false;
    this.#pull?.("cable pulled");
  }

  plugIn(): void {
    this.#plugged = true;
  }
}
