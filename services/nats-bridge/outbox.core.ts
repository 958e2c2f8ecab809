/** A message for plain NATS clients. */
export interface Message {
  readonly subject: string;
  readonly payload: string;
}

/** Facts that are told once and wait for NATS. Repeated ones never wait: the next telling is fresher. */
export type Outbox = readonly Message[];

/** How many wait at most; a charging session is told once, and a point ends a few a day. */
export const OUTBOX_LIMIT = 1_000;

/** Puts a message in; the oldest gives way when the box is full. */
export function keepForLater(outbox: Outbox, message: Message): Outbox {
  return [...outbox, message].slice(-OUTBOX_LIMIT);
}
