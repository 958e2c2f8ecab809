import type { TakenTelegrams } from "./telegram.port.ts";

/** SML transport protocol, version 1 (BSI TR-03109-1, annex IVb, 8): files between escape sequences, with a checksum. */

const ESCAPE = "\x1b\x1b\x1b\x1b";
const VERSION_1 = "\x01\x01\x01\x01";
const START = ESCAPE + VERSION_1;
const END_MARK = "\x1a";
/** An escape sequence with the four bytes that say what it means. */
const SEQUENCE_BYTES = 8;
/** Well above the longest file seen, which has some 600 bytes. */
const MAX_FILE_BYTES = 4_096;

/** Whole transmissions, from the first escape sequence to the last, in what has come so far. */
export function takeSmlFiles(received: string): TakenTelegrams {
  const telegrams: string[] = [];
  let rest = received;
  let lost = 0;
  for (;;) {
    const start = rest.indexOf(START);
    if (start < 0) {
      // A beginning may have come by half.
      const kept = Math.min(rest.length, START.length - 1);
      return { telegrams, rest: rest.slice(rest.length - kept), lost: lost + rest.length - kept };
    }
    lost += start;
    rest = rest.slice(start);
    const end = endOf(rest);
    if (end.kind === "open") {
      if (rest.length <= MAX_FILE_BYTES) return { telegrams, rest, lost };
      lost += 1;
      rest = rest.slice(1);
    } else if (end.kind === "again") {
      // It was cut: another one begins within.
      lost += end.at;
      rest = rest.slice(end.at);
    } else {
      const transmission = rest.slice(0, end.at);
      telegrams.push(transmission);
      // One that lost bytes took the beginning of the next for its end.
      rest = rest.slice(payloadOf(transmission).ok ? end.at : SEQUENCE_BYTES);
    }
  }
}

type End = { readonly kind: "open" } | { readonly kind: "whole" | "again"; readonly at: number };

/** Where the transmission that begins here ends. */
function endOf(text: string): End {
  let at = SEQUENCE_BYTES;
  for (;;) {
    const found = text.indexOf(ESCAPE, at);
    if (found < 0 || found + SEQUENCE_BYTES > text.length) return { kind: "open" };
    const meaning = text.slice(found + ESCAPE.length, found + SEQUENCE_BYTES);
    if (meaning.startsWith(END_MARK)) return { kind: "whole", at: found + SEQUENCE_BYTES };
    if (meaning === VERSION_1) return { kind: "again", at: found };
    // A doubled one stands for itself; anything else begins a byte later, behind a byte of the data.
    at = meaning === ESCAPE ? found + SEQUENCE_BYTES : found + 1;
  }
}

export type SmlPayload =
  | { readonly ok: true; readonly payload: Buffer }
  | { readonly ok: false; readonly reason: string };

/** The file of a transmission, or why it must not be believed. */
export function payloadOf(transmission: string): SmlPayload {
  const bytes = Buffer.from(transmission, "latin1");
  const end = bytes.length - SEQUENCE_BYTES;
  const fill = bytes[end + 5] ?? 0xff;
  const told = bytes.readUInt16LE(bytes.length - 2);
  const sum = crc16X25(bytes.subarray(0, -2));
  if (told !== sum) return { ok: false, reason: `an SML file with checksum ${hex(told)}, expected ${hex(sum)}` };
  if (fill > 3 || end - SEQUENCE_BYTES < fill) return { ok: false, reason: `an SML file with ${fill} fill bytes` };
  const escaped = bytes.subarray(SEQUENCE_BYTES, end - fill).toString("latin1");
  return { ok: true, payload: Buffer.from(escaped.replaceAll(ESCAPE + ESCAPE, ESCAPE), "latin1") };
}

/** A file as it is sent; the counterpart of `payloadOf`. */
export function smlTransmission(payload: Buffer): Buffer {
  const fill = (4 - (payload.length % 4)) % 4;
  const escaped = payload.toString("latin1").replaceAll(ESCAPE, ESCAPE + ESCAPE);
  const text = `${START}${escaped}${"\0".repeat(fill)}${ESCAPE}${END_MARK}${String.fromCharCode(fill)}`;
  const bytes = Buffer.from(`${text}\0\0`, "latin1");
  bytes.writeUInt16LE(crc16X25(bytes.subarray(0, -2)), bytes.length - 2);
  return bytes;
}

/** CRC-16/X-25: polynomial 0x8408 reflected, start and final exclusive or 0xFFFF; sent low byte first. */
export function crc16X25(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x8408;
  }
  return crc ^ 0xffff;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, "0");
}
