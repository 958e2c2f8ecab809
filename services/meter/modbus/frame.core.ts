/** Frames of a Modbus master. RTU: Modbus over serial line 2.5.1; TCP: messaging on TCP/IP 3.1. */

/** A read of registers, as it was sent; or with function 6 a write of one, whose frame has the same shape. */
export interface ReadRequest {
  readonly unit: number;
  readonly fn: number;
  readonly start: number;
  /** Of function 6: the value. */
  readonly quantity: number;
}

/** Writes one register; the answer repeats the request. */
export const WRITE_ONE = 6;

/** What to do with a frame that answers a request. */
export type Found =
  /** The whole frame with its checksum: a reply, or an exception. */
  { readonly kind: "answer"; readonly frame: Buffer } | { readonly kind: "refused"; readonly reason: string };

/** One message from a TCP line: unit, function and data without the header. */
export interface TcpMessage {
  readonly transaction: number;
  readonly body: Buffer;
}

const MBAP_BYTES = 6;
const CRC_BYTES = 2;
const EXCEPTION_BYTES = 5;
const REQUEST_BYTES = 8;
/** Registers a reply can hold (Modbus application protocol 6.3). */
const MAX_QUANTITY = 125;
/** Unit and the longest PDU. */
const MAX_BODY_BYTES = 254;

/** CRC-16 with polynomial 0xA001, sent low byte first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xa001;
  }
  return crc;
}

/** `[unit, function, ...]` with its checksum. */
export function withCrc(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(body.length + CRC_BYTES);
  frame.set(body);
  frame.writeUInt16LE(crc16(body), body.length);
  return frame;
}

/** What a request frame asks for. Null for anything but a read of registers, or a write of one. */
export function readRequestOf(frame: Buffer): ReadRequest | null {
  const fn = frame[1];
  if (frame.length < 6 || (fn !== 3 && fn !== 4 && fn !== WRITE_ONE)) return null;
  return { unit: frame.readUInt8(0), fn, start: frame.readUInt16BE(2), quantity: frame.readUInt16BE(4) };
}

/**
 * The answer to a request within what a serial line has brought so far: unit, function, byte count and checksum agree.
 * Noise before and after it is passed over. Null: not there, or not yet.
 */
export function findAnswer(request: ReadRequest, received: Buffer): Buffer | null {
  const replyBytes = answerBytes(request);
  for (let at = 0; at + EXCEPTION_BYTES <= received.length; at += 1) {
    if (received[at] !== request.unit) continue;
    const fn = received[at + 1];
    if (fn === request.fn && announces(request, received.subarray(at))) {
      const frame = received.subarray(at, at + replyBytes);
      if (frame.length === replyBytes && crcHolds(frame)) return frame;
    }
    if (fn === (request.fn | 0x80)) {
      const frame = received.subarray(at, at + EXCEPTION_BYTES);
      if (crcHolds(frame)) return frame;
    }
  }
  return null;
}

/**
 * A read that another master has put on the line. Its answer cannot be told from one to us where it has the same shape. An
 * adapter that echoes what it sends is none, nor is somebody who asks for the very same.
 */
export function foreignRequest(ours: ReadRequest | null, received: Buffer): ReadRequest | null {
  for (let at = 0; at + REQUEST_BYTES <= received.length; at += 1) {
    const frame = received.subarray(at, at + REQUEST_BYTES);
    const asked = readRequestOf(frame);
    if (asked === null || asked.fn === WRITE_ONE || asked.quantity < 1 || asked.quantity > MAX_QUANTITY) continue;
    if (!crcHolds(frame)) continue;
    const isOurs = ours?.unit === asked.unit && ours.fn === asked.fn && ours.start === asked.start;
    if (!isOurs || ours.quantity !== asked.quantity) return asked;
  }
  return null;
}

/** What came instead of an answer within the time for it, in words. Null: nothing came. */
export function explainSilence(request: ReadRequest, received: Buffer): string | null {
  if (received.length === 0) return null;
  if (received.length < EXCEPTION_BYTES) return `${received.length} bytes only`;
  if (!crcHolds(received)) return `${received.length} bytes with a wrong checksum`;
  if (received.length === EXCEPTION_BYTES && received[1] === request.fn && received[0] === request.unit) {
    // Some SmartEVSE units answer exceptions without the high bit.
    return `exception ${received.readUInt8(2)} without its mark`;
  }
  return mismatch(request, received.subarray(0, -CRC_BYTES)) ?? "an answer followed by noise";
}

/** Judges the message that carries the transaction number of a request on TCP. */
export function judgeMessage(request: ReadRequest, body: Buffer): Found {
  const reason = mismatch(request, body);
  return reason === null ? { kind: "answer", frame: withCrc(body) } : { kind: "refused", reason };
}

/** A request frame as it goes out on TCP: the header instead of the checksum. */
export function tcpRequest(transaction: number, frame: Buffer): Buffer {
  const body = frame.subarray(0, -CRC_BYTES);
  const message = Buffer.alloc(MBAP_BYTES + body.length);
  message.writeUInt16BE(transaction, 0);
  message.writeUInt16BE(body.length, 4);
  body.copy(message, MBAP_BYTES);
  return message;
}

/** Whole messages in what a TCP line has brought. `broken`: these bytes are no Modbus; only a new connection helps. */
export function takeMessages(received: Buffer): {
  readonly messages: readonly TcpMessage[];
  readonly rest: Buffer;
  readonly broken: boolean;
} {
  const messages: TcpMessage[] = [];
  let rest = received;
  while (rest.length >= MBAP_BYTES) {
    const bodyBytes = rest.readUInt16BE(4);
    if (rest.readUInt16BE(2) !== 0 || bodyBytes < 3 || bodyBytes > MAX_BODY_BYTES) {
      return { messages, rest, broken: true };
    }
    if (rest.length < MBAP_BYTES + bodyBytes) break;
    const body = Buffer.from(rest.subarray(MBAP_BYTES, MBAP_BYTES + bodyBytes));
    messages.push({ transaction: rest.readUInt16BE(0), body });
    rest = rest.subarray(MBAP_BYTES + bodyBytes);
  }
  return { messages, rest, broken: false };
}

/** Length of a whole answer with its checksum. */
export function answerBytes({ fn, quantity }: ReadRequest): number {
  return fn === WRITE_ONE ? 8 : 3 + 2 * quantity + CRC_BYTES;
}

/** Whether an answer that begins here is one to this request: its byte count, or its echo. */
function announces({ fn, start, quantity }: ReadRequest, answer: Buffer): boolean {
  if (fn !== WRITE_ONE) return answer[2] === 2 * quantity;
  return answer.length >= 6 && answer.readUInt16BE(2) === start && answer.readUInt16BE(4) === quantity;
}

function crcHolds(frame: Buffer): boolean {
  return frame.readUInt16LE(frame.length - CRC_BYTES) === crc16(frame.subarray(0, -CRC_BYTES));
}

/** Why `[unit, function, ...]` does not answer the request; null when it does. */
function mismatch(request: ReadRequest, body: Buffer): string | null {
  const { unit, fn, quantity } = request;
  if (body[0] !== unit) return `an answer of unit ${body[0] ?? "?"} instead of ${unit}`;
  if (body[1] === (fn | 0x80)) {
    return body.length === 3 ? null : `an exception of ${body.length} bytes instead of 3`;
  }
  if (body[1] !== fn) return `an answer to function ${body[1] ?? "?"} instead of ${fn}`;
  if (fn === WRITE_ONE) {
    return body.length === 6 && announces(request, body) ? null : "an answer that does not repeat what was written";
  }
  const bytes = body.length - 3;
  if (body[2] !== 2 * quantity || bytes !== 2 * quantity) {
    return `${bytes} data bytes (${body[2] ?? "no"} announced) for a request of ${quantity} registers (${2 * quantity} expected)`;
  }
  return null;
}
