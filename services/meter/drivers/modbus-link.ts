import modbus from "modbus-serial";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import { answerBytes, type ReadRequest, WRITE_ONE } from "../modbus/frame.core.ts";
import { StrictPort } from "./modbus-port.ts";
import { type LineAddress, openLineWire } from "./modbus-wire.ts";
import type { Wire } from "./wire.ts";

/** How one request went. */
export type LinkAnswer =
  | { readonly kind: "reply"; readonly data: Buffer }
  | { readonly kind: "exception"; readonly reason: string }
  | { readonly kind: "timeout"; readonly waitedMs: number }
  | { readonly kind: "refused"; readonly reason: string }
  /** The line went down meanwhile. */
  | { readonly kind: "lost" };

export interface LinkListener {
  up(): void;
  down(reason: string): void;
}

/** How long a TCP connection may take to come up. */
const CONNECT_MS = 2_000;
/** What a meter may think before it answers: 150 ms from the end of the request on a serial line; a gateway has one behind it. */
const REPLY_MS = { serial: 150, tcp: 500, "rtu-tcp": 500 } as const;
/** Least quiet time before a request on a serial line: 3.5 characters of the standard, and never below what drivers need to let go. */
const GAP_CHARS = 3.5;
const LEAST_GAP_MS = 4;
/** After a failure, and when it was just opened, a serial line must have been quiet this long: what was late is over. */
const DRAIN_MS = 100;
/** A line that babbles is not waited for longer than this. */
const LONGEST_DRAIN_MS = 1_000;
/** Unanswered requests in a row after which a TCP connection counts as dead. */
const SILENT_REQUESTS = 3;

/** One connection to a Modbus line, from opening to loss: one request at a time, each with a deadline. */
export class ModbusLink {
  readonly #clock: Clock;
  readonly #kind: LineAddress["kind"];
  readonly #charMs: number;
  readonly #replyMs: number;
  readonly #listener: LinkListener;
  readonly #wire: Wire;
  readonly #port: StrictPort;
  readonly #client: InstanceType<typeof modbus.default>;
  /** Ends the exchange that is under way. */
  #settle: ((answer: LinkAnswer) => void) | null = null;
  #cancelConnect: Cancel;
  #lastSentAt: Instant = -Infinity;
  #silent = 0;
  #isNew = true;
  #isDown = false;

  constructor(address: LineAddress, clock: Clock, listener: LinkListener, replyMs: number = REPLY_MS[address.kind]) {
    this.#clock = clock;
    this.#kind = address.kind;
    this.#charMs = charMsOf(address);
    this.#replyMs = replyMs;
    this.#listener = listener;
    this.#port = new StrictPort({
      framing: address.kind === "tcp" ? "tcp" : "rtu",
      write: bytes => {
        this.#wire.write(bytes);
      },
      now: () => clock.now(),
      refused: reason => this.#settle?.({ kind: "refused", reason }),
      broken: reason => {
        this.#lost(reason);
      },
    });
    this.#client = new modbus.default(this.#port);
    this.#cancelConnect = clock.after(CONNECT_MS, () => {
      this.#lost(`no connection within ${CONNECT_MS} ms`);
    });
    this.#wire = openLineWire(address, {
      up: () => {
        this.#cancelConnect();
        this.#lastSentAt = clock.now();
        this.#client.open(() => {
          listener.up();
        });
      },
      data: bytes => {
        this.#port.take(bytes);
      },
      down: reason => {
        this.#lost(reason);
      },
    });
  }

  /** Sends one request and waits for its answer, at most as long as its bytes and the meter may take. */
  async exchange(
    request: ReadRequest,
    wantedGapMs: number,
  ): Promise<{ readonly answer: LinkAnswer; readonly sentAt: Instant }> {
    if (this.#isNew) {
      // The answer to what somebody asked before, another type of meter perhaps, is not ours.
      this.#isNew = false;
      await this.#quiet(DRAIN_MS, LONGEST_DRAIN_MS);
    }
    const gapMs = Math.max(LEAST_GAP_MS, GAP_CHARS * this.#charMs, wantedGapMs);
    await this.#quiet(gapMs, gapMs);
    // Another master has just asked: what comes next is its answer.
    if (this.#clock.now() - this.#port.foreignAt < DRAIN_MS) await this.#quiet(DRAIN_MS, LONGEST_DRAIN_MS);
    const sentAt = this.#clock.now();
    if (this.#isDown) return { answer: { kind: "lost" }, sentAt };
    const answer = await this.#ask(request);
    if (this.#kind !== "tcp" && (answer.kind === "timeout" || answer.kind === "refused")) {
      await this.#quiet(DRAIN_MS, LONGEST_DRAIN_MS);
    }
    this.#silent = answer.kind === "timeout" ? this.#silent + 1 : 0;
    return { answer, sentAt };
  }

  /** A TCP connection may die without a word; then nobody on it answers any more. */
  dropIfDead(): void {
    if (this.#kind !== "serial" && this.#silent >= SILENT_REQUESTS) {
      this.#lost(`no answer to ${SILENT_REQUESTS} requests in a row`);
    }
  }

  async close(): Promise<void> {
    this.#takeDown();
    await this.#wire.close();
  }

  async #ask(request: ReadRequest): Promise<LinkAnswer> {
    const { unit, fn, start, quantity } = request;
    const waitMs = this.#replyMs + this.#charMs * (8 + answerBytes(request));
    return new Promise(resolve => {
      const cancel = this.#clock.after(waitMs, () => {
        const instead = this.#port.giveUp();
        this.#settle?.(
          instead === null ? { kind: "timeout", waitedMs: Math.ceil(waitMs) } : { kind: "refused", reason: instead },
        );
      });
      this.#settle = answer => {
        this.#settle = null;
        cancel();
        this.#lastSentAt = this.#clock.now();
        resolve(answer);
      };
      const done = (error: (Error & { modbusCode?: number }) | null, result?: { buffer: Buffer }): void => {
        this.#settle?.(judge(error, result, quantity));
      };
      if (fn === WRITE_ONE) {
        // The port lets nothing through but the echo of the request, or an exception.
        this.#client.writeFC6(unit, start, quantity, error => {
          this.#settle?.(judge(error, { buffer: Buffer.alloc(0) }, 0));
        });
      } else if (fn === 3) this.#client.writeFC3(unit, start, quantity, done);
      else this.#client.writeFC4(unit, start, quantity, done);
    });
  }

  /** Waits until nothing was on a serial line for `quietMs`; a line that babbles is not waited for for ever. */
  async #quiet(quietMs: number, longestMs: number): Promise<void> {
    if (this.#kind === "tcp") return;
    const from = this.#clock.now();
    for (;;) {
      const now = this.#clock.now();
      const waitMs = Math.max(this.#port.lastByteAt, this.#lastSentAt) + quietMs - now;
      if (waitMs <= 0 || now - from >= longestMs || this.#isDown) return;
      await new Promise<void>(resolve => {
        this.#clock.after(waitMs, () => resolve());
      });
    }
  }

  #lost(reason: string): void {
    if (this.#isDown) return;
    this.#takeDown();
    void this.#wire.close();
    this.#listener.down(reason);
  }

  #takeDown(): void {
    this.#isDown = true;
    this.#cancelConnect();
    this.#port.close();
    this.#settle?.({ kind: "lost" });
  }
}

/** Start, eight data bits, parity, stop. Of the line behind a gateway the rate is known only: 11 bits at most. */
function charMsOf(address: LineAddress): number {
  if (address.kind === "tcp") return 0;
  const bits = address.kind === "rtu-tcp" ? 11 : 9 + (address.parity === "none" ? 0 : 1) + address.stopBits;
  return (1_000 * bits) / address.baudRate;
}

function judge(
  error: (Error & { modbusCode?: number }) | null,
  result: { buffer: Buffer } | undefined,
  quantity: number,
): LinkAnswer {
  if (error?.modbusCode !== undefined) return { kind: "exception", reason: error.message };
  if (error !== null) return { kind: "refused", reason: error.message };
  const data = result?.buffer ?? Buffer.alloc(0);
  if (data.length === 2 * quantity) return { kind: "reply", data };
  return { kind: "refused", reason: `${data.length} data bytes for a request of ${quantity} registers` };
}
