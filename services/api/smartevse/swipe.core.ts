import type { ReadOutcome, RfidRead } from "../../../shared/contracts/rfid.ts";
import type { Instant } from "../../../shared/time/clock.ts";
import type { Heard } from "../knowledge.core.ts";
import type { Params, Reply } from "./parse.core.ts";

/** Status texts of the firmware (spec interfaces 0.4). */
const STATUS: Readonly<Record<ReadOutcome, string>> = {
  granted: "Present",
  ended: "Present",
  ignored: "Present",
  forwarded: "Present",
  unknown: "Invalid",
  stored: "Card Stored",
  deleted: "Card Deleted",
  "already-stored": "Card already stored",
  "not-stored": "Card not in storage",
  full: "Card Storage full",
  "directory-away": "NOSTATUS",
  disabled: "Not Installed",
};
const READY = "Ready to read card";
/** How long the last card is told as the status; clients look every few seconds. */
const SHOWN_MS = 10_000;

export const READER_OFF: Reply = { rfid_status: "RFID reader not enabled" };

export type Swipe = { readonly ok: true; readonly digits: string } | { readonly ok: false; readonly reply: Reply };

/** POST /rfid (spec interfaces 1.7): 6 or 7 bytes, as the readers of a SmartEVSE give them. */
export function swipeOf(params: Params, readerOn: boolean): Swipe {
  if (!readerOn) return { ok: false, reply: READER_OFF };
  const digits = params.get("rfid") ?? "";
  if (digits === "") return { ok: false, reply: { rfid_status: "Missing rfid parameter" } };
  if (!/^[0-9A-Fa-f]*$/.test(digits)) return { ok: false, reply: { rfid_status: "Invalid RFID hex string" } };
  if (digits.length !== 12 && digits.length !== 14) return { ok: false, reply: { rfid_status: "Invalid RFID length" } };
  return { ok: true, digits };
}

export function swipeReply(digits: string, outcome: ReadOutcome): Reply {
  return outcome === "disabled" ? READER_OFF : { rfid: digits, rfid_status: STATUS[outcome] };
}

/** `evse.rfid` of the status tree. */
export function readerStatusText(lastRead: Heard<RfidRead> | null, now: Instant): string {
  return lastRead !== null && now - lastRead.at <= SHOWN_MS ? STATUS[lastRead.value.outcome] : READY;
}
