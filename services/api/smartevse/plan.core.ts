import type { SettingsCurrent, SettingsUpdateResult, SettingValue } from "../../../shared/contracts/settings.ts";
import { settingOf } from "../../../shared/settings/catalogue/index.ts";
import { FIRST_NODE } from "../../../shared/settings/charge-mode.ts";
import { numberIn } from "../../../shared/settings/read.ts";
import { type Json, mergeReplies, type Reply } from "./parse.core.ts";

export type Outcome = SettingsUpdateResult["outcomes"][number];

export interface Change {
  readonly key: string;
  readonly evseId: string | null;
  readonly value: SettingValue;
}

/** One parameter understood: what to change for it, and what to answer once the owner has decided. */
export interface Wish {
  readonly changes: readonly Change[];
  readonly reply: (outcomes: readonly Outcome[]) => Reply;
}

/** What a request is judged against. */
export interface SettingsContext {
  readonly evseId: string;
  readonly serial: number;
  readonly settings: SettingsCurrent;
  readonly civilMs: number;
  /** Phases the contactors connect now. */
  readonly activePhases: number;
}

/** The answer of the firmware to anything out of range; always with status 200. */
export const NOT_ALLOWED = "Value not allowed!";

/** All changes of all wishes, in order: one update, so that they are stored together. */
export function changesOf(wishes: readonly Wish[]): readonly Change[] {
  return wishes.flatMap(wish => wish.changes);
}

/** The whole reply, from the outcomes of `changesOf` in the same order. */
export function replyTo(wishes: readonly Wish[], outcomes: readonly Outcome[]): Reply {
  let taken = 0;
  const replies = wishes.map(wish => {
    const own = outcomes.slice(taken, taken + wish.changes.length);
    taken += wish.changes.length;
    return wish.reply(own);
  });
  return mergeReplies(replies);
}

/** A change of a setting, for the charge point where the setting belongs to one. */
export function change(key: string, evseId: string, value: SettingValue): Change {
  return { key, evseId: settingOf(key)?.scope === "point" ? evseId : null, value };
}

/** A wish that changes one setting: `accepted` or `refused` becomes the reply; null = no key in the reply. */
export function wishFor(wanted: Change, replyKey: string, accepted: Json, refused: Json): Wish {
  return { changes: [wanted], reply: outcomes => keyed(replyKey, outcomes[0]?.ok === true ? accepted : refused) };
}

/** A wish that needs no change. */
export function answerOnly(reply: Reply): Wish {
  return { changes: [], reply: () => reply };
}

export function keyed(key: string, value: Json): Reply {
  return value === null ? {} : { [key]: value };
}

export function isNode(settings: SettingsCurrent): boolean {
  return numberIn(settings, "loadbl") >= FIRST_NODE;
}
