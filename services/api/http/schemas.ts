import { z } from "zod";
import { historySessions, SESSIONS_PER_ANSWER } from "../../../shared/contracts/history.ts";
import { LONGEST_LIMIT_S, limitsCurrent, limitsSet } from "../../../shared/contracts/limits.ts";
import { accessPresent, card, cardsChange, cardUser } from "../../../shared/contracts/rfid.ts";
import { settingsUpdate, settingValue } from "../../../shared/contracts/settings.ts";
import { idSchema } from "../../../shared/contracts/units.ts";
import { chargeChoice } from "../view.ts";

/** Bodies and answers of /api/v1 that are not views. One schema each: validation, OpenAPI document and type. */

export const modeBody = z.strictObject({ mode: chargeChoice }).meta({ id: "ModeBody" });

const UID = "expected 8, 12, 14 or 20 hex digits";
const cardNumber = z.string(UID).min(1, UID).max(40, UID);

/** A card as a reader or a list writes it; its one form is made of it. */
export const cardBody = z
  .strictObject({ uid: cardNumber, user: cardUser.nullable().default(null) })
  .meta({ id: "CardBody" });
export const cardsBody = z.strictObject({ cards: z.array(cardBody).max(20_000) }).meta({ id: "CardsBody" });
export const presentBody = z.strictObject({ uid: cardNumber }).meta({ id: "PresentBody" });
export const presentResult = accessPresent.result
  .unwrap()
  .extend({ words: z.string() })
  .readonly()
  .meta({ id: "PresentResult" });
export const cardListView = z
  .object({ version: z.string().nullable(), cards: z.array(card).readonly() })
  .readonly()
  .meta({ id: "CardList" });
export const cardsResult = cardsChange.result.meta({ id: "CardsResult" });

const EXPIRY = `expected seconds 1..${LONGEST_LIMIT_S}, or null for "until withdrawn"`;
const AMPS = "expected 0..1000 A";
const WATTS = "expected 0..1000000 W";

/** A limit as its owner sets it: of a charge point or of the site, in A per phase or in W, with an end that must be said. */
export const limitBody = z
  .strictObject({
    owner: idSchema,
    evseId: idSchema.nullable().default(null),
    maxA: z.number(AMPS).min(0, AMPS).max(1_000, AMPS).optional(),
    maxW: z.number(WATTS).min(0, WATTS).max(1_000_000, WATTS).optional(),
    expiresInS: z.number(EXPIRY).min(1, EXPIRY).max(LONGEST_LIMIT_S, EXPIRY).nullable(),
  })
  .refine(({ maxA, maxW }) => (maxA === undefined) !== (maxW === undefined), "expected exactly one of maxA and maxW")
  .meta({ id: "LimitBody" });
export const limitsView = limitsCurrent.payload.meta({ id: "Limits" });
export const limitsAnswer = limitsSet.result.meta({ id: "LimitsAnswer" });

const CHANGES = "expected a list of 1..200 changes, each { key, evseId, value }";
const KEY = "expected the key of a setting";

export const settingsPatch = z
  .strictObject({
    changes: z
      .array(
        z.strictObject({
          key: z.string(KEY).min(1, KEY).max(64, KEY),
          /** The charge point, for settings that belong to one. */
          evseId: idSchema.nullable().default(null),
          value: settingValue,
        }),
        CHANGES,
      )
      .min(1, CHANGES)
      .max(200, CHANGES),
  })
  .meta({ id: "SettingsPatch" });

export const settingsOutcomes = settingsUpdate.result.meta({ id: "SettingsOutcomes" });

/** One row of the catalogue, and the values in force. */
export const settingView = z
  .object({
    key: z.string(),
    label: z.string().nullable(),
    title: z.string(),
    type: z.string(),
    scope: z.enum(["site", "point"]),
    unit: z.string().nullable(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    step: z.number().nullable(),
    options: z
      .array(z.object({ value: z.number(), label: z.string() }).readonly())
      .readonly()
      .nullable(),
    /** The permitted values in words. */
    permitted: z.string(),
    default: settingValue.nullable(),
    /** Value in force of the site; null for settings of charge points, for secrets and where none is set. */
    value: settingValue.nullable(),
    /** Values in force by charge point; null for settings of the site and for secrets. */
    points: z.record(idSchema, settingValue.nullable()).readonly().nullable(),
  })
  .readonly()
  .meta({ id: "SettingView" });
export type SettingView = z.output<typeof settingView>;

export const settingsView = z
  .object({ revision: z.number().int(), settings: z.array(settingView).readonly() })
  .readonly()
  .meta({ id: "SettingsView" });
export type SettingsView = z.output<typeof settingsView>;

export const accepted = z.object({ accepted: z.boolean() }).readonly().meta({ id: "Accepted" });

const WORDS = 'expected words of 1 to 200 characters, such as "plug left"';
export const commandBody = z
  .strictObject({ words: z.string(WORDS).trim().min(1, WORDS).max(200, WORDS) })
  .meta({ id: "CommandBody" });
export const commandDone = z.object({ done: z.string() }).readonly().meta({ id: "CommandDone" });

const MOMENT = "expected a date such as 2026-01-31, or a moment such as 2026-01-31T18:00:00Z";
const COUNT = `expected a whole number 1..${SESSIONS_PER_ANSWER}`;

/** A day is meant in the gateway's time zone: `from` its beginning, `to` its end. */
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], MOMENT).optional();

export const sessionsQuery = z
  .strictObject({
    /** Sessions that began then or later. */
    from: moment,
    /** Sessions that began before; a day is included. */
    to: moment,
    point: idSchema.optional(),
    format: z.enum(["json", "csv"], "expected json or csv").default("json"),
    order: z.enum(["oldest-first", "newest-first"], "expected oldest-first or newest-first").default("newest-first"),
    limit: z.coerce.number(COUNT).int(COUNT).min(1, COUNT).max(SESSIONS_PER_ANSWER, COUNT).default(50),
    /** `next` of the page before. */
    after: z.string().optional(),
  })
  .meta({ id: "SessionsQuery" });

export const sessionsPage = historySessions.result.meta({ id: "SessionsPage" });
