/** What stands in the store about one lease. */
export interface LeaseRecord {
  /** Grows by one or more with every taking; whoever holds the lease marks its words with it. */
  readonly epoch: number;
  /** Who holds it; null = given back. */
  readonly holder: string | null;
}

/** A record and the store's own number for this writing of it. */
export interface LeaseEntry {
  readonly revision: number;
  readonly record: LeaseRecord;
}

/** What a store answers that has no record yet: written after revision 0. */
export const NO_ENTRY: LeaseEntry = { revision: 0, record: { epoch: 0, holder: null } };

/**
 * A place that all candidates reach and that writes only on what the writer has seen. Every call settles within a second
 * or two; it rejects when the store cannot be reached.
 */
export interface LeaseStore {
  read(): Promise<LeaseEntry>;
  /** Writes if the present revision is `after`; null = it is another one, nothing was written. */
  write(record: LeaseRecord, after: number): Promise<{ readonly revision: number } | null>;
  close(): Promise<void>;
}
