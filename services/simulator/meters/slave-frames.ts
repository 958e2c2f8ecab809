/** Modbus frames as a slave sees them. RTU: Modbus over serial line 2.5.1; TCP: messaging on TCP/IP 3.1. */

const MBAP_BYTES = 6;
/** Unit, function, start, quantity, checksum: a read request. */
const RTU_REQUEST_BYTES = 8;
/** Unit and the longest PDU. */
const MAX_BODY_BYTES = 254;

interface ReadRequest {
  readonly unit: number;
  readonly fn: number;
  readonly start: number;
  readonly quantity: number;
}

/** What a request `[unit, function, start, quantity]` asks for; a shorter one asks for nothing. */
export function addressed(request: Buffer): ReadRequest {
  const whole = request.length >= 6;
  return {
    unit: request[0] ?? 0,
    fn: request[1] ?? 0,
    start: whole ? request.readUInt16BE(2) : 0,
    quantity: whole ? request.readUInt16BE(4) : 0,
  };
}

/** CRC-16 with polynomial 0xA001, sent low byte first. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xa001;
  }
  return crc;
}

/** `[unit, function, ...]` with its checksum. */
export function rtuFrame(body: Buffer): Buffer {
  const frame = Buffer.alloc(body.length + 2);
  body.copy(frame);
  frame.writeUInt16LE(checksum(body), body.length);
  return frame;
}

/** `[unit, function, ...]` with its TCP header. */
export function mbapFrame(transaction: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(MBAP_BYTES + body.length);
  frame.writeUInt16BE(transaction, 0);
  frame.writeUInt16BE(body.length, 4);
  body.copy(frame, MBAP_BYTES);
  return frame;
}

/** Read requests with a right checksum, wherever they begin; noise is passed over, as a slave does. */
export function takeRtuRequests(received: Buffer): { requests: Buffer[]; rest: Buffer } {
  const requests: Buffer[] = [];
  let from = 0;
  for (let at = 0; at + RTU_REQUEST_BYTES <= received.length; at += 1) {
    const body = received.subarray(at, at + RTU_REQUEST_BYTES - 2);
    if (received.readUInt16LE(at + RTU_REQUEST_BYTES - 2) !== checksum(body)) continue;
    requests.push(Buffer.from(body));
    from = at + RTU_REQUEST_BYTES;
    at = from - 1;
  }
  return { requests, rest: received.subarray(Math.max(from, received.length - RTU_REQUEST_BYTES + 1)) };
}

/** Whole requests with their transaction numbers. A header that cannot be one empties the buffer. */
export function takeMbapRequests(received: Buffer): {
  requests: { transaction: number; body: Buffer }[];
  rest: Buffer;
} {
  const requests: { transaction: number; body: Buffer }[] = [];
  let rest = received;
  while (rest.length > MBAP_BYTES) {
    const bodyBytes = rest.readUInt16BE(4);
    if (rest.readUInt16BE(2) !== 0 || bodyBytes < 2 || bodyBytes > MAX_BODY_BYTES) {
      return { requests, rest: Buffer.alloc(0) };
    }
    if (rest.length < MBAP_BYTES + bodyBytes) break;
    const body = Buffer.from(rest.subarray(MBAP_BYTES, MBAP_BYTES + bodyBytes));
    requests.push({ transaction: rest.readUInt16BE(0), body });
    rest = rest.subarray(MBAP_BYTES + bodyBytes);
  }
  return { requests, rest };
}
