import type { Card } from "../../shared/contracts/rfid.ts";

export interface StoredCards {
  /** Replaced with every change; null = nothing was ever stored. */
  readonly version: string | null;
  readonly cards: readonly Card[];
  /** What a charge point remembers beside its copy of the list; null = nothing yet. */
  readonly note: string | null;
}

export interface CardBatch {
  /** The version this batch was judged against. The store refuses it when it holds another one. */
  readonly baseVersion: string | null;
  readonly version: string | null;
  readonly put: readonly Card[];
  readonly remove: readonly string[];
}

/** Where cards live. Rejects with `StoreUnavailable` when it cannot do what was asked. */
export interface CardStore {
  load(): Promise<StoredCards>;
  /** All of the batch or nothing of it; resolves once it is durable. After a rejection nobody knows: load again. */
  put(batch: CardBatch): Promise<void>;
  putNote(note: string): Promise<void>;
  close(): Promise<void>;
}
