import type { TakenTelegrams } from "./telegram.port.ts";

/** Telegrams of a P1 port: DSMR 5.0.2 P1 companion standard, 5.12 (format) and 5.2 (checksum). */

/** Well above the longest telegram seen, with its message texts of 1 kB. */
const MAX_TELEGRAM_CHARS = 8_192;

/** Whole telegrams in what has come so far, one character for each byte. */
export function takeTelegrams(received: string): TakenTelegrams {
  const telegrams: string[] = [];
  let rest = received;
  let lost = 0;
  for (;;) {
    const start = rest.indexOf("/");
    if (start < 0) return { telegrams, rest: "", lost: lost + rest.length };
    lost += start;
    rest = rest.slice(start);
    const end = /\r?\n!([^\r\n]*)\r?\n/.exec(rest);
    if (end === null) {
      if (rest.length <= MAX_TELEGRAM_CHARS) return { telegrams, rest, lost };
      lost += 1;
      rest = rest.slice(1);
      continue;
    }
    const length = end.index + end[0].length;
    // A telegram that was cut is followed by the next: the last beginning before the end is the whole one.
    const begin = lastStart(rest.slice(0, length));
    lost += begin;
    if (length - begin <= MAX_TELEGRAM_CHARS) telegrams.push(rest.slice(begin, length));
    else lost += length - begin;
    rest = rest.slice(length);
  }
}

/** A telegram begins on a line of its own, `/` and the maker's three letters; a cut one ends without a line end. */
function lastStart(text: string): number {
  const found = text.matchAll(/\/[A-Za-z]{3}[0-9][^\r\n]*\r?\n\r?\n/g);
  return [...found].at(-1)?.index ?? 0;
}

/** Why the checksum of a telegram does not hold; null when it does. `required` false: DSMR 2 and 3 have none. */
export function checksumProblem(telegram: string, required: boolean): string | null {
  const end = /\n!([^\r\n]*)\r?\n$/.exec(telegram);
  const digits = end?.[1]?.trim() ?? "";
  if (end === null) return "a telegram without its end";
  if (digits === "" && !required) return null;
  if (!/^[0-9A-Fa-f]{4}$/.test(digits)) return `a telegram with "${digits.slice(0, 8)}" where its checksum should be`;
  const sum = crc16Arc(telegram.slice(0, end.index + 2));
  if (sum === Number.parseInt(digits, 16)) return null;
  return `a telegram with a wrong checksum: ${digits}, expected ${checksumOf(telegram.slice(0, end.index + 2))}`;
}

/** The four digits that follow the `!` of a telegram. */
export function checksumOf(upToMark: string): string {
  return crc16Arc(upToMark).toString(16).toUpperCase().padStart(4, "0");
}

/** CRC-16/ARC: polynomial 0xA001 reflected, start 0. */
function crc16Arc(text: string): number {
  let crc = 0;
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at) & 0xff;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xa001;
  }
  return crc;
}
