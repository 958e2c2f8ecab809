/** A card number as it was read, brought to one form; or why it is none. */
export type ParsedUid =
  | { readonly ok: true; readonly uid: string }
  | { readonly ok: false; readonly reason: "not-hex" | "length"; readonly error: string };

/** Hex digits of UIDs with 4, 6, 7 and 10 bytes (ISO/IEC 14443-3 has 4, 7 and 10; old readers give 6). */
const LENGTHS: readonly number[] = [8, 12, 14, 20];
/** Old 1-wire readers put their family code in front of 6 bytes; NXP's 7-byte UIDs begin with 04. */
const OLD_READER_FAMILY = "01";

/**
 * Upper-case hex without what readers add: the family code of a 6-byte form and the zeros that fill a 4-byte UID. One
 * card has one form, whichever reader saw it.
 */
export function parseUid(text: string): ParsedUid {
  const digits = text.trim().toUpperCase();
  if (!/^[0-9A-F]*$/.test(digits)) {
    return { ok: false, reason: "not-hex", error: "expected hex digits only" };
  }
  if (!LENGTHS.includes(digits.length)) {
    const expected = "expected 8, 12, 14 or 20 hex digits (4, 6, 7 or 10 bytes)";
    return { ok: false, reason: "length", error: `${expected}, got ${digits.length}` };
  }
  if (digits.length === 14 && digits.startsWith(OLD_READER_FAMILY))
    return { ok: true, uid: withoutFill(digits.slice(2)) };
  return { ok: true, uid: withoutFill(digits) };
}

function withoutFill(digits: string): string {
  const filled =
    (digits.length === 12 && digits.endsWith("0000")) || (digits.length === 14 && digits.endsWith("000000"));
  return filled ? digits.slice(0, 8) : digits;
}

/** What may be shown and logged of a card: enough for its owner to know it, too little to copy it. */
export function lastDigitsOf(uid: string): string {
  return uid.slice(-4);
}

/** As SmartEVSE lists and status fields write it: 12 or 14 digits, a 4-byte UID filled with zeros. */
export function legacyDigitsOf(uid: string): string {
  return uid.length === 8 ? `${uid}000000` : uid;
}
