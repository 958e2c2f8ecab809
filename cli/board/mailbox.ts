import type { Clock } from "../../shared/time/clock.ts";
import { BoardSilent } from "./errors.ts";
import type { Heard } from "./wire.ts";

export type MessageOf<K extends Heard["kind"]> = Extract<Heard, { kind: K }>;

/** What is waited for, how long, and how to call it when it does not come. */
export interface Expected<K extends Heard["kind"]> {
  readonly withinMs: number;
  readonly what: string;
  readonly accept?: (message: MessageOf<K>) => boolean;
}

interface Waiter {
  /** True when this was what it waited for. */
  readonly take: (heard: Heard) => boolean;
  readonly fail: (error: Error) => void;
}

/** Hands what a board says to whoever waits for it. */
export class Mailbox {
  readonly #where: string;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(where: string, clock: Clock) {
    this.#where = where;
    this.#clock = clock;
  }

  deliver(heard: Heard): void {
    for (const waiter of this.#waiters) if (waiter.take(heard)) this.#waiters.delete(waiter);
  }

  /** The next message of a kind that `accept` agrees to. */
  next<K extends Heard["kind"]>(kind: K, { withinMs, what, accept = () => true }: Expected<K>): Promise<MessageOf<K>> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        take: heard => {
          if (heard.kind !== kind || !accept(heard as MessageOf<K>)) return false;
          cancel();
          resolve(heard as MessageOf<K>);
          return true;
        },
        fail: error => {
          cancel();
          reject(error);
        },
      };
      const cancel = this.#clock.after(withinMs, () => {
        this.#waiters.delete(waiter);
        reject(new BoardSilent(`${this.#where}: no answer within ${withinMs} ms; expected ${what}`));
      });
      this.#waiters.add(waiter);
    });
  }

  /** Hears every message until the answer is called. */
  listen(hear: (heard: Heard) => void): () => void {
    const waiter: Waiter = {
      take: heard => {
        hear(heard);
        return false;
      },
      fail: () => undefined,
    };
    this.#waiters.add(waiter);
    return () => void this.#waiters.delete(waiter);
  }

  /** Nothing that is waited for now will come. */
  failAll(error: Error): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.fail(error);
  }
}
