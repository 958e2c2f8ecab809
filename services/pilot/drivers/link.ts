/** A byte pipe to a board: serial line, TCP, or one in memory. */
export interface Link {
  /** Drops the bytes while it is not open. */
  write(bytes: Uint8Array): void;
  /** After this the listener hears nothing more. */
  close(): void;
}

export interface LinkListener {
  opened(): void;
  data(bytes: Uint8Array): void;
  /** Gone, or never came up; told once. */
  closed(reason: string): void;
}

/** Begins to open. Never throws: what fails is told through `closed`. */
export type OpenLink = (listener: LinkListener) => Link;
