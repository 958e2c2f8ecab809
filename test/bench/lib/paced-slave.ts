import type { Duplex } from "node:stream";
import { eastron3P } from "../../../services/simulator/meters/eastron.ts";
import { addressed, rtuFrame, takeRtuRequests } from "../../../services/simulator/meters/slave-frames.ts";
import { carrying } from "../../support/modbus-bench.ts";

/** Eastrons that answer as soon as the wire permits: request, 3.5 characters of silence, reply, byte for byte. */
export class PacedSlave {
  readonly #charMs: number;
  readonly #dead: readonly number[];
  #received: Buffer = Buffer.alloc(0);
  #lateMs = 0;

  constructor(baudRate: number, dead: readonly number[]) {
    this.#charMs = 10_000 / baudRate;
    this.#dead = dead;
  }

  /** How much later than on a wire its answers left so far: a machine that was busy with something else. */
  get lateMs(): number {
    return this.#lateMs;
  }

  serve(stream: Duplex): void {
    stream.on("data", (bytes: Buffer) => {
      const arrivedAt = performance.now();
      const { requests, rest } = takeRtuRequests(Buffer.concat([this.#received, bytes]));
      this.#received = rest;
      for (const request of requests) {
        const { unit, fn, start, quantity } = addressed(request);
        if (this.#dead.includes(unit)) continue;
        const registers = eastron3P(() => carrying(unit));
        const answer = Buffer.alloc(3 + 2 * quantity);
        answer.set([unit, fn, 2 * quantity]);
        for (let index = 0; index < quantity; index += 1) {
          answer.writeUInt16BE(registers(fn, start + index) ?? 0, 3 + 2 * index);
        }
        const frame = rtuFrame(answer);
        // A pty has no speed: the last byte of the reply leaves when it would on a wire.
        const dueAt = arrivedAt + (8 + 3.5 + frame.length) * this.#charMs;
        at(dueAt, () => {
          this.#lateMs += performance.now() - dueAt;
          if (stream.writable) stream.write(frame);
        });
      }
    });
  }
}

/** At a time of `performance.now()`, to a fraction of a millisecond. */
function at(dueMs: number, run: () => void): void {
  const leftMs = dueMs - performance.now();
  if (leftMs > 2) setTimeout(at, leftMs - 2, dueMs, run);
  else if (leftMs > 0) setImmediate(at, dueMs, run);
  else run();
}
