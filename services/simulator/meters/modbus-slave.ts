import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf, StartRefused } from "../../../shared/errors.ts";
import type { Cancel, Clock } from "../../../shared/time/clock.ts";
import { addressed, mbapFrame, rtuFrame, takeMbapRequests, takeRtuRequests } from "./slave-frames.ts";

/** The word in a register as function 3 or 4 reads it; null = the device has no such register. */
export type RegisterMap = (fn: number, address: number) => number | null;

/** What goes wrong with answers of one unit. Several may be set at once; absent = as it should be. */
export interface SlaveFault {
  /** Answers this much later. */
  readonly delayMs?: number;
  /** Changes the answer `[unit, function, ...]` before it is framed; null = no answer. */
  readonly answer?: (answer: Buffer) => Buffer | null;
  /** Changes the bytes that go out: the whole frame with its checksum (RTU) or header (TCP). */
  readonly bytes?: (frame: Buffer) => Buffer;
}

/** Faults by name. */
export const slaveFaults = {
  silent: { answer: () => null },
  late: (delayMs: number) => ({ delayMs }),
  exception: (code: number) => ({ answer: answer => Buffer.from([answer[0] ?? 0, (answer[1] ?? 0) | 0x80, code]) }),
  /** The answer names another unit. */
  wrongUnit: (unit: number) => ({ answer: answer => Buffer.concat([Buffer.from([unit]), answer.subarray(1)]) }),
  /** The line loses the end of the frame. */
  truncated: (lostBytes: number) => ({ bytes: frame => frame.subarray(0, Math.max(0, frame.length - lostBytes)) }),
  /** One bit of the last byte flips: on RTU that byte belongs to the checksum. */
  crc: {
    bytes: frame => {
      const wrong = Buffer.from(frame);
      wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
      return wrong;
    },
  },
} satisfies Record<string, SlaveFault | ((value: number) => SlaveFault)>;

interface Unit {
  /** Of `[unit, function, ...]`, without checksum or header. */
  readonly answer: (request: Buffer) => Buffer;
  fault: SlaveFault | null;
  requests: number;
}

/** Quantity that fits a reply (Modbus application protocol 6.3 and 6.4). */
const MAX_QUANTITY = 125;
/** Bytes that leave at once on a paced line. */
const CHUNK_BYTES = 8;

/** A Modbus slave with any number of units: over TCP, and over a serial line at its pace. */
export class ModbusSlave {
  readonly #clock: Clock;
  readonly #units = new Map<number, Unit>();
  readonly #sockets = new Set<Socket>();
  readonly #pending = new Set<Cancel>();
  #server: Server | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts a device on a unit address. */
  add(unit: number, registers: RegisterMap): void {
    this.addDevice(unit, request => answerTo(request, registers));
  }

  /** As `add`, for a device that is more than registers to be read: it makes its answers itself. */
  addDevice(unit: number, answer: (request: Buffer) => Buffer): void {
    this.#units.set(unit, { answer, fault: null, requests: 0 });
  }

  /** Null = the unit answers as it should. */
  setFault(unit: number, fault: SlaveFault | null): void {
    this.#unit(unit).fault = fault;
  }

  /** How often the unit was asked. */
  requestsTo(unit: number): number {
    return this.#unit(unit).requests;
  }

  /** Serves Modbus TCP; port 0 takes a free one. Gives the port. */
  async listen(port: number, host = "127.0.0.1"): Promise<number> {
    return this.#listen(port, host, socket => {
      this.#serveTcp(socket);
    });
  }

  /** Serves RTU frames over TCP, as a gateway to a serial line of this pace does. */
  async listenRtu(port: number, baudRate: number, host = "127.0.0.1"): Promise<number> {
    return this.#listen(port, host, socket => {
      this.serveRtu(socket, baudRate);
    });
  }

  async #listen(port: number, host: string, serve: (socket: Socket) => void): Promise<number> {
    const server = createServer(socket => {
      this.#sockets.add(socket);
      socket.setNoDelay();
      socket.on("close", () => this.#sockets.delete(socket));
      // A client that goes away in the middle of an answer is no news; `close` follows.
      socket.on("error", () => socket.destroy());
      serve(socket);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", error => {
        reject(new StartRefused(`Modbus slave: port ${port} on ${host}: ${messageOf(error)}`, { cause: error }));
      });
      server.listen(port, host, () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Serves Modbus RTU on a stream; answers leave at the pace of the line. */
  serveRtu(stream: Duplex, baudRate: number): void {
    let received: Buffer = Buffer.alloc(0);
    stream.on("data", (bytes: Buffer) => {
      const { requests, rest } = takeRtuRequests(Buffer.concat([received, bytes]));
      received = rest;
      for (const request of requests) {
        this.#answer(request, answer => {
          const frame = rtuFrame(answer);
          this.#pace(stream, this.#units.get(request[0] ?? 0)?.fault?.bytes?.(frame) ?? frame, baudRate);
        });
      }
    });
  }

  /** Cuts every TCP connection, as a gateway that restarts does; new ones are taken. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const cancel of this.#pending) cancel();
    this.dropConnections();
    const server = this.#server;
    this.#server = null;
    if (server !== null) {
      await new Promise<void>(resolve => {
        server.close(() => {
          resolve();
        });
      });
    }
  }

  #unit(unit: number): Unit {
    const found = this.#units.get(unit);
    if (found === undefined) {
      throw new RangeError(`no unit ${unit} on this slave; units: ${[...this.#units.keys()].join(", ")}`);
    }
    return found;
  }

  #serveTcp(socket: Socket): void {
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      const { requests, rest } = takeMbapRequests(Buffer.concat([received, bytes]));
      received = rest;
      for (const { transaction, body } of requests) {
        this.#answer(body, answer => {
          const frame = mbapFrame(transaction, answer);
          const changed = this.#units.get(body[0] ?? 0)?.fault?.bytes?.(frame) ?? frame;
          if (socket.writable) socket.write(changed);
        });
      }
    });
  }

  /** Builds the answer to `[unit, function, ...]` and hands it over when it is due. */
  #answer(request: Buffer, send: (answer: Buffer) => void): void {
    const unit = this.#units.get(request[0] ?? 0);
    if (unit === undefined) return;
    unit.requests += 1;
    const { fault } = unit;
    const good = unit.answer(request);
    const answer = fault?.answer === undefined ? good : fault.answer(good);
    if (answer === null) return;
    const delayMs = fault?.delayMs ?? 0;
    if (delayMs === 0) send(answer);
    else this.#later(delayMs, () => send(answer));
  }

  /** One chunk after the other: timers of different lengths may fire in another order when the process is late. */
  #pace(stream: Duplex, frame: Buffer, baudRate: number): void {
    const chunk = frame.subarray(0, CHUNK_BYTES);
    this.#later((chunk.length * 10_000) / baudRate, () => {
      if (!stream.writable) return;
      stream.write(chunk);
      if (frame.length > CHUNK_BYTES) this.#pace(stream, frame.subarray(CHUNK_BYTES), baudRate);
    });
  }

  #later(delayMs: number, run: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#pending.delete(cancel);
      run();
    });
    this.#pending.add(cancel);
  }
}

function answerTo(request: Buffer, registers: RegisterMap): Buffer {
  const { unit, fn, start, quantity } = addressed(request);
  if (fn !== 3 && fn !== 4) return Buffer.from([unit, fn | 0x80, 1]);
  if (quantity < 1 || quantity > MAX_QUANTITY) return Buffer.from([unit, fn | 0x80, 3]);
  const answer = Buffer.alloc(3 + 2 * quantity);
  answer.set([unit, fn, 2 * quantity]);
  for (let index = 0; index < quantity; index += 1) {
    const word = registers(fn, start + index);
    if (word === null) return Buffer.from([unit, fn | 0x80, 2]);
    answer.writeUInt16BE(word, 3 + 2 * index);
  }
  return answer;
}
