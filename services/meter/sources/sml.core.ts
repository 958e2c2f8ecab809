import { type ObisRead, observationOf, unitOfObis } from "./obis.core.ts";
import { payloadOf, takeSmlFiles } from "./sml-frame.core.ts";
import type { TelegramForm, TelegramReading } from "./telegram.port.ts";

/** Smart Message Language 1.04 (BSI TR-03109-1, annex IVb): what German meters say on their optical port. */

/** A value of SML: octets, number, truth, list, or what was left out. */
type Node = Buffer | number | boolean | readonly Node[] | null;

const TYPE_OCTETS = 0;
const TYPE_BOOLEAN = 4;
const TYPE_SIGNED = 5;
const TYPE_UNSIGNED = 6;
const TYPE_LIST = 7;
const MORE_LENGTH = 0x80;
const END_OF_MESSAGE = 0x00;
const MAX_DEPTH = 8;

/** SML_GetList.Res, the message that holds values. */
const GET_LIST_RESPONSE = 0x0701;
/** Units of DLMS (IEC 62056-62, table of units). */
const UNITS: Readonly<Record<number, "A" | "V" | "W" | "Wh">> = { 27: "W", 30: "Wh", 33: "A", 35: "V" };
const MAX_SCALER = 9;

/** What a reading head on a German meter brings. */
export function smlForm(phases: 1 | 3 | null): TelegramForm {
  return {
    label: "SML",
    serial: { baudRate: 9_600, dataBits: 8, parity: "none" },
    // A file every one to four seconds.
    silentAfterMs: 10_000,
    direction: "power",
    take: takeSmlFiles,
    read: transmission => readSml(transmission, { onePhase: phases === 1 }),
  };
}

/** What a transmission says, or why it must not be believed. */
export function readSml(transmission: string, { onePhase }: { readonly onePhase: boolean }): TelegramReading {
  const taken = payloadOf(transmission);
  if (!taken.ok) return taken;
  const read = obisOfSml(taken.payload);
  if (!read.ok) return read;
  const observation = observationOf(read.values, { onePhase });
  // Seconds of its own many a meter has none of: nothing tells a repeated file from a steady load.
  return typeof observation === "string" ? { ok: false, reason: observation } : { ok: true, observation, stamp: null };
}

/** The values in an SML file that are wanted here. */
export function obisOfSml(payload: Buffer): ObisRead {
  const values = new Map<string, number>();
  try {
    for (const entry of messagesOf(payload).flatMap(entriesOf)) {
      const { name, unit, scaler, value } = entry;
      const wanted = unitOfObis(name);
      if (wanted === undefined) continue;
      if (UNITS[unit ?? 0] !== wanted || value === null) {
        return { ok: false, reason: `1-0:${name} is told in unit ${unit ?? "none"}; expected a number of ${wanted}` };
      }
      if (Math.abs(scaler) > MAX_SCALER) return { ok: false, reason: `1-0:${name} is told times 10^${scaler}` };
      if (values.has(name)) return { ok: false, reason: `1-0:${name} stands twice in one file` };
      // Dividing by a whole number rounds once.
      values.set(name, scaler < 0 ? value / 10 ** -scaler : value * 10 ** scaler);
    }
  } catch (error) {
    if (error instanceof NotSml) return { ok: false, reason: `an SML file that is none: ${error.message}` };
    throw error;
  }
  return values.size === 0
    ? { ok: false, reason: "an SML file without a value that is known here" }
    : { ok: true, values };
}

class NotSml extends Error {}

interface Entry {
  readonly name: string;
  readonly unit: number | null;
  readonly scaler: number;
  readonly value: number | null;
}

/** The bodies of the messages of a file, each as its tag and its content. */
function messagesOf(payload: Buffer): readonly { readonly tag: number; readonly body: readonly Node[] }[] {
  const reader = { bytes: payload, at: 0 };
  const messages: { tag: number; body: readonly Node[] }[] = [];
  while (reader.at < payload.length) {
    if (payload[reader.at] === END_OF_MESSAGE) {
      reader.at += 1;
      continue;
    }
    const message = nodeAt(reader, 0);
    // Transaction, group, what to do on an error, body, checksum; its end mark is no value.
    const choice = Array.isArray(message) ? (message as readonly Node[])[3] : null;
    const [tag, body] = Array.isArray(choice) ? (choice as readonly Node[]) : [];
    if (typeof tag !== "number" || !Array.isArray(body)) throw new NotSml("a message without a body");
    messages.push({ tag, body: body as readonly Node[] });
  }
  return messages;
}

function entriesOf({ tag, body }: { readonly tag: number; readonly body: readonly Node[] }): readonly Entry[] {
  if (tag !== GET_LIST_RESPONSE) return [];
  // Client, server, list name, time, values, signature, time of the gateway.
  const list = body[4];
  if (!Array.isArray(list)) throw new NotSml("a list of values that is none");
  return (list as readonly Node[]).flatMap(entry => {
    const [name, , , unit, scaler, value] = Array.isArray(entry) ? (entry as readonly Node[]) : [];
    if (!Buffer.isBuffer(name) || name.length !== 6) throw new NotSml("a value without a name");
    // A-B:C.D.E*F; electricity, no channel, no billing period.
    if (name[0] !== 1 || name[1] !== 0 || name[5] !== 0xff) return [];
    return [
      {
        name: `${name[2]}.${name[3]}.${name[4]}`,
        unit: typeof unit === "number" ? unit : null,
        scaler: typeof scaler === "number" ? scaler : 0,
        value: typeof value === "number" ? value : null,
      },
    ];
  });
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
}

/** The value that begins here: one byte or more of type and length, then the value (TR-03109-1, annex IVb, 6.3). */
function nodeAt(reader: Reader, depth: number): Node {
  if (depth > MAX_DEPTH) throw new NotSml("lists within lists");
  const begin = reader.at;
  let byte = byteAt(reader);
  const type = (byte >> 4) & 0x07;
  let length = byte & 0x0f;
  while ((byte & MORE_LENGTH) !== 0) {
    byte = byteAt(reader);
    length = (length << 4) | (byte & 0x0f);
    if (length > reader.bytes.length) throw new NotSml(`a value of ${length} bytes`);
  }
  if (type === TYPE_LIST) return Array.from({ length }, () => elementAt(reader, depth + 1));
  // The length counts the bytes that tell it.
  const size = length - (reader.at - begin);
  if (size < 0 || reader.at + size > reader.bytes.length) throw new NotSml("a value that is longer than the file");
  const data = reader.bytes.subarray(reader.at, reader.at + size);
  reader.at += size;
  switch (type) {
    case TYPE_OCTETS:
      return size === 0 ? null : data;
    case TYPE_BOOLEAN:
      return data.some(value => value !== 0);
    case TYPE_SIGNED:
    case TYPE_UNSIGNED:
      return integer(data, type === TYPE_SIGNED);
    default:
      throw new NotSml(`a value of type ${type}`);
  }
}

/** An element of a list; the end mark of a message counts as one. */
function elementAt(reader: Reader, depth: number): Node {
  if (reader.bytes[reader.at] === END_OF_MESSAGE) {
    reader.at += 1;
    return null;
  }
  return nodeAt(reader, depth);
}

function integer(data: Buffer, isSigned: boolean): number {
  if (data.length === 0 || data.length > 8) throw new NotSml(`a number of ${data.length} bytes`);
  const unsigned = BigInt(`0x${data.toString("hex")}`);
  return Number(isSigned ? BigInt.asIntN(8 * data.length, unsigned) : unsigned);
}

function byteAt(reader: Reader): number {
  const byte = reader.bytes[reader.at];
  if (byte === undefined) throw new NotSml("it ends within a value");
  reader.at += 1;
  return byte;
}
