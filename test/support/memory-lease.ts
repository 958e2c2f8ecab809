import { type LeaseEntry, type LeaseRecord, type LeaseStore, NO_ENTRY } from "../../shared/lease/lease.port.ts";
import type { Clock } from "../../shared/time/clock.ts";

/** The lease's store as several processes see it, on stepped time: answers take a while, lines can be cut, it can be wiped. */
export class MemoryLease {
  readonly #clock: Clock;
  readonly #answerMs: number;
  entry: LeaseEntry = NO_ENTRY;
  #revision = 0;
  readonly #cut = new Set<string>();

  constructor(clock: Clock, answerMs = 5) {
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  /** The store as one node reaches it. */
  for(node: string): LeaseStore {
    return {
      read: async () => this.#answer(node, () => this.entry),
      write: async (record, after) => this.#answer(node, () => this.#write(record, after)),
      close: async () => Promise.resolve(),
    };
  }

  cut(node: string, whether = true): void {
    if (whether) this.#cut.add(node);
    else this.#cut.delete(node);
  }

  wipe(): void {
    this.entry = NO_ENTRY;
    this.#revision = 0;
  }

  #write(record: LeaseRecord, after: number): { readonly revision: number } | null {
    if (after !== this.entry.revision) return null;
    this.#revision += 1;
    this.entry = { revision: this.#revision, record };
    return { revision: this.#revision };
  }

  async #answer<T>(node: string, what: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = (): void => reject(new Error("the line is cut"));
      this.#clock.after(this.#answerMs, () => {
        if (this.#cut.has(node)) {
          this.#clock.after(500, refuse);
          return;
        }
        const result = what();
        this.#clock.after(this.#answerMs, () => {
          // Done, but the answer is lost: the hardest case for who asked.
          if (this.#cut.has(node)) refuse();
          else resolve(result);
        });
      });
    });
  }
}
