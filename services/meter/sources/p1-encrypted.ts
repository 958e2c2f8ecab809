import { createDecipheriv } from "node:crypto";
import type { TakenTelegrams } from "./telegram.port.ts";

/**
 * Telegrams of a P1 port that encrypts: Luxembourg's Smarty P1 specification 3.2.5, which parts of Austria share. A frame
 * of DLMS general-glo-ciphering: DB, 08, system title, 82, length, security control 30, frame counter, telegram, tag.
 * Pure like a core; not named one because it needs Node's ciphers.
 */

/** Both in hex: the key of this meter, and the one that goes into its authentication. */
export interface P1Keys {
  readonly key: string;
  readonly authenticationKey: string;
}

export type OpenedTelegram =
  | { readonly ok: true; readonly telegram: string }
  | { readonly ok: false; readonly reason: string };

const TITLE_BYTES = 8;
const LENGTH_AT = 2 + TITLE_BYTES + 1;
const CONTROL_AT = LENGTH_AT + 2;
const COUNTER_AT = CONTROL_AT + 1;
const TELEGRAM_AT = COUNTER_AT + 4;
const TAG_BYTES = 12;
/** Encrypted and authenticated, security suite 0. */
const CONTROL = 0x30;
/** Control, counter and tag around the longest telegram seen. */
const LENGTH = { least: 1 + 4 + TAG_BYTES + 1, most: 8_192 } as const;
const BEGINNING = /\xdb\x08[\s\S]{8}\x82[\s\S]{2}\x30/g;

/** Whole frames in what has come so far, one character for each byte. */
export function takeEncrypted(received: string): TakenTelegrams {
  const telegrams: string[] = [];
  let rest = received;
  let lost = 0;
  for (;;) {
    const [start, next] = beginnings(rest);
    if (start === undefined) {
      // What may become a beginning is kept.
      const tail = rest.slice(-CONTROL_AT);
      const at = tail.indexOf("\xdb");
      const kept = at < 0 ? "" : tail.slice(at);
      return { telegrams, rest: kept, lost: lost + rest.length - kept.length };
    }
    lost += start;
    rest = rest.slice(start);
    const announced = (rest.charCodeAt(LENGTH_AT) << 8) | rest.charCodeAt(LENGTH_AT + 1);
    const length = CONTROL_AT + announced;
    const isPossible = announced >= LENGTH.least && announced <= LENGTH.most;
    // A frame that was cut is followed by the next one.
    const isCut = next !== undefined && next - start < length;
    if (!isPossible || isCut) {
      const skipped = isCut ? next - start : 1;
      lost += skipped;
      rest = rest.slice(skipped);
      continue;
    }
    if (rest.length < length) return { telegrams, rest, lost };
    telegrams.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
}

/** Where the first frame begins, and the one behind it. */
function beginnings(text: string): readonly (number | undefined)[] {
  BEGINNING.lastIndex = 0;
  const first = BEGINNING.exec(text)?.index;
  if (first === undefined) return [];
  BEGINNING.lastIndex = first + 1;
  return [first, BEGINNING.exec(text)?.index];
}

/** Decrypts a frame; what was not written with these keys, or changed on its way, is refused. */
export function telegramIn(frame: string, { key, authenticationKey }: P1Keys): OpenedTelegram {
  const bytes = Buffer.from(frame, "latin1");
  const counter = bytes.subarray(COUNTER_AT, TELEGRAM_AT);
  const decipher = createDecipheriv(
    "aes-128-gcm",
    Buffer.from(key, "hex"),
    Buffer.concat([bytes.subarray(2, 2 + TITLE_BYTES), counter]),
    { authTagLength: TAG_BYTES },
  );
  decipher.setAAD(Buffer.concat([Buffer.from([CONTROL]), Buffer.from(authenticationKey, "hex")]));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const telegram =
      decipher.update(bytes.subarray(TELEGRAM_AT, -TAG_BYTES), undefined, "latin1") + decipher.final("latin1");
    return { ok: true, telegram };
  } catch {
    // Node says no more than that the tag does not hold.
    const title = bytes
      .subarray(2, 2 + TITLE_BYTES)
      .toString("latin1")
      .replace(/[^\x20-\x7e]/g, "?");
    const reason = `a telegram of ${title} that was not encrypted with this key, or was damaged`;
    return { ok: false, reason };
  }
}
