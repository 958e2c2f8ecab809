import { z } from "zod";
import { defineFact, defineRequest, type ParamsOf, type PayloadOf, type ResultOf } from "./define.ts";
import { accessStatus, idSchema } from "./units.ts";

/** A card number in its one form: upper-case hex of 4, 6, 7 or 10 bytes. */
export const cardUid = z
  .string()
  .regex(
    /^(?:[0-9A-F]{8}|[0-9A-F]{12}|[0-9A-F]{14}|[0-9A-F]{20})$/,
    "expected 8, 12, 14 or 20 upper-case hex digits (4, 6, 7 or 10 bytes)",
  )
  .describe("card number, upper-case hex");

/** Whose card it is, in words for people. */
export const cardUser = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .regex(/^[^\u0000-\u001f\u007f]*$/, "expected text on one line");

export const card = z.object({ uid: cardUid, user: cardUser.nullable() }).readonly();
export type Card = z.output<typeof card>;

/** A card as it may be shown, logged and kept in records: never the whole number. */
export const cardLabel = z.object({ user: z.string().nullable(), lastDigits: z.string().max(4) }).readonly();
export type CardLabel = z.output<typeof cardLabel>;

/** The RFID setting, by number. */
export const READER_MODES = [
  "disabled",
  "enable-all",
  "enable-one",
  "learn",
  "delete",
  "delete-all",
  "remote",
] as const;
export const readerMode = z.enum(READER_MODES);
export type ReaderMode = z.output<typeof readerMode>;

/** Which cards there are. Told without numbers; who keeps a copy fetches it with `cards.page` when the version is new. */
export const cardsDirectory = defineFact({
  name: "cards.directory",
  title: "How many cards the site knows, and which version of the list that is",
  payload: z
    .object({
      /** New with every change; null = nothing was ever stored. */
      version: z.string().nullable(),
      cards: z.number().int().min(0),
    })
    .readonly(),
  everyMs: 2_000,
  expiresAfterMs: 10_000,
  idOf: () => "site",
  example: { version: "3f1c9f1e-6f0c-4d7c-9f59-3b0c4cf8a1d2", cards: 2 },
});
export type CardsDirectory = PayloadOf<typeof cardsDirectory>;

/** The list, page by page, in the order of the numbers. */
export const cardsPage = defineRequest({
  name: "cards.page",
  title: "One page of the card list",
  params: z.object({ after: cardUid.nullable() }).readonly(),
  result: z
    .object({
      version: z.string().nullable(),
      cards: z.array(card).readonly(),
      /** Where the next page begins; null = this was the last. */
      next: cardUid.nullable(),
    })
    .readonly(),
  timeoutMs: 2_000,
  example: { after: null },
});

/** One change of the list. A whole new list comes in parts and takes effect with the last. */
const cardsChangeOf = z.union([
  z.object({ kind: z.literal("add"), uid: cardUid, user: cardUser.nullable() }).readonly(),
  z.object({ kind: z.literal("remove"), uid: cardUid }).readonly(),
  z.object({ kind: z.literal("clear") }).readonly(),
  z
    .object({
      kind: z.literal("replace"),
      /** Tells this list from another that is sent at the same time. */
      upload: z.string().min(1).max(40),
      cards: z.array(card).max(1_000).readonly(),
      last: z.boolean(),
    })
    .readonly(),
]);

export const cardsChange = defineRequest({
  name: "cards.change",
  title: "Adds, renames, removes or replaces cards",
  params: z.object({ by: z.string().min(1).max(40), change: cardsChangeOf }).readonly(),
  result: z
    .object({
      outcome: z.enum([
        "stored",
        "renamed",
        "already-stored",
        "deleted",
        "not-stored",
        "full",
        "cleared",
        "replaced",
        "more",
      ]),
      version: z.string().nullable(),
      cards: z.number().int().min(0),
    })
    .readonly(),
  timeoutMs: 5_000,
  example: { by: "web", change: { kind: "add", uid: "04A1B2C3D4E5F6", user: "Anna" } },
});
export type CardsChange = ParamsOf<typeof cardsChange>["change"];
export type CardsChangeResult = ResultOf<typeof cardsChange>;

/** What became of a card that was held before a reader. */
export const readOutcome = z.enum([
  /** Access is on now. */
  "granted",
  /** Access is off now. */
  "ended",
  /** A known card, but another one holds the point (EnableOne). */
  "ignored",
  "unknown",
  "stored",
  "already-stored",
  "deleted",
  "not-stored",
  "full",
  /** Passed on to whoever decides remotely. */
  "forwarded",
  /** The list could not be changed: its owner does not answer. */
  "directory-away",
  /** The reader is switched off. */
  "disabled",
]);
export type ReadOutcome = z.output<typeof readOutcome>;

/** A card was read. Told once. The whole number stays inside: outside subjects and records have its last digits. */
export const rfidRead = defineFact({
  name: "rfid.read",
  title: "A card that was held before a reader, and what became of it",
  payload: z
    .object({
      evseId: idSchema,
      readAt: z.iso.datetime(),
      outcome: readOutcome,
      /** Null on `edge.>`: whoever may listen there must not be able to copy cards. */
      uid: cardUid.nullable(),
      card: cardLabel,
    })
    .readonly(),
  everyMs: null,
  expiresAfterMs: null,
  idOf: read => read.evseId,
  outside: read => ({ ...read, uid: null }),
  example: {
    evseId: "left",
    readAt: "2026-01-01T12:00:00.000Z",
    outcome: "granted",
    uid: "04A1B2C3D4E5F6",
    card: { user: "Anna", lastDigits: "E5F6" },
  },
});
export type RfidRead = PayloadOf<typeof rfidRead>;

/** Access by card at one charge point. */
export const rfidStatus = defineFact({
  name: "rfid.status",
  title: "What the card reader of a charge point does, and who holds the point",
  payload: z
    .object({
      evseId: idSchema,
      reader: readerMode,
      /**
       * What was decided here and the settings do not say yet; null = the settings hold. It counts before the settings,
       * so that a card works while their owner is away.
       */
      access: accessStatus.nullable(),
      /** The card that switched access on. */
      card: cardLabel.nullable(),
      /** Seconds until a point without a car locks itself; null = no such timer runs. */
      lockInS: z.number().int().min(0).nullable(),
      cards: z.number().int().min(0),
      /** `current`: its owner is heard and the list here is his; `copy`: the last one that was; `none`: there is none. */
      directory: z.enum(["current", "copy", "none"]),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: status => status.evseId,
  aboutOf: status => status.evseId,
  example: {
    evseId: "left",
    reader: "enable-all",
    access: null,
    card: { user: "Anna", lastDigits: "E5F6" },
    lockInS: null,
    cards: 2,
    directory: "current",
  },
});
export type RfidStatus = PayloadOf<typeof rfidStatus>;

/** A swipe by request: runs the same checks as a card before the reader. `uid` as any reader writes it. */
export const accessPresent = defineRequest({
  name: "access.present",
  title: "Holds a card before the reader of a charge point",
  params: z.object({ evseId: idSchema, uid: z.string().min(1).max(40) }).readonly(),
  result: z.object({ outcome: readOutcome, card: cardLabel }).readonly(),
  timeoutMs: 6_000,
  example: { evseId: "left", uid: "04A1B2C3D4E5F6" },
});
export type AccessPresentResult = ResultOf<typeof accessPresent>;
