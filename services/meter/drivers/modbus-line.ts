import { MeterException, MeterReplyRefused, MeterTimeout, MeterUnreachable } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters } from "../meter.port.ts";
import type { ReadRequest } from "../modbus/frame.core.ts";
import {
  ask,
  countersOf,
  freshLine,
  gapOf,
  type Job,
  type LineState,
  lineLost,
  pick,
  settle,
  type Urgency,
} from "../modbus/line.core.ts";
import { type LinkAnswer, ModbusLink } from "./modbus-link.ts";
import { type LineAddress, lineInWords } from "./modbus-wire.ts";

export interface LineOptions {
  readonly clock: Clock;
  /** What a meter may think before it answers, where the usual time does not fit. */
  readonly replyMs?: number;
}

export interface Registers {
  readonly data: Buffer;
  /** They may be that old: when they were asked for, or when an earlier request was sent whose answer this may be. */
  readonly since: Instant;
}

interface Waiting {
  readonly resolve: (registers: Registers) => void;
  readonly reject: (error: Error) => void;
}

/** The answer to a request that was given up may still come within this time where answers do not name it. */
const LATE_MS = { serial: 1_000, tcp: 0, "rtu-tcp": 1_000 } as const;
const FIRST_RECONNECT_MS = 200;
const LONGEST_RECONNECT_MS = 5_000;

/**
 * The one owner of a Modbus line: who wants to read asks here and gets its turn. The line is opened with its first
 * user, closed with its last, and opened again by itself when it is lost.
 */
export class ModbusLine {
  readonly words: string;
  readonly #address: LineAddress;
  readonly #options: LineOptions;
  readonly #waiting = new Map<number, Waiting>();
  #state: LineState;
  #nextId = 1;
  #users = 0;
  #link: ModbusLink | null = null;
  #isUp = false;
  #busy = false;
  #downReason: string | null = null;
  #reconnectMs = FIRST_RECONNECT_MS;
  #cancelReconnect: Cancel | null = null;
  #cancelWake: Cancel | null = null;

  constructor(address: LineAddress, options: LineOptions) {
    this.words = lineInWords(address);
    this.#address = address;
    this.#options = options;
    this.#state = freshLine(LATE_MS[address.kind]);
  }

  /** Counts one more user. */
  open(): void {
    this.#users += 1;
    if (this.#users > 1) return;
    this.#reconnectMs = FIRST_RECONNECT_MS;
    this.#connect();
  }

  /** Counts one user less; the last one closes the line. */
  async close(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#cancelReconnect?.();
    this.#cancelWake?.();
    const link = this.#link;
    this.#link = null;
    this.#isUp = false;
    this.#rejectAll("the line was closed");
    await link?.close();
  }

  countersOf(unit: number): MeterCounters {
    return countersOf(this.#state, unit);
  }

  /**
   * Reads registers of a unit. Rejects with `MeterUnreachable` (line down, unit set aside), `MeterTimeout` or
   * `MeterReplyRefused`; never waits longer than `budgetMs` for its turn.
   */
  async read(
    request: ReadRequest,
    { urgency, retries, budgetMs }: { readonly urgency: Urgency; readonly retries: number; readonly budgetMs: number },
  ): Promise<Registers> {
    if (this.#link === null) throw new MeterUnreachable(`${this.words}: ${this.#downReason ?? "the line is not open"}`);
    const now = this.#options.clock.now();
    const job: Job = {
      id: this.#nextId++,
      request,
      urgency,
      retries,
      askedAt: now,
      giveUpAt: now + budgetMs,
    };
    const asked = ask(this.#state, job, now);
    if (asked.refused !== null) throw new MeterUnreachable(`address ${request.unit}: ${asked.refused}`);
    this.#state = asked.state;
    return new Promise((resolve, reject) => {
      this.#waiting.set(job.id, { resolve, reject });
      this.#next();
    });
  }

  #connect(): void {
    const link = new ModbusLink(
      this.#address,
      this.#options.clock,
      {
        up: () => {
          this.#isUp = true;
          this.#next();
        },
        down: reason => {
          if (this.#link === link) this.#lost(reason);
        },
      },
      this.#options.replyMs,
    );
    this.#link = link;
  }

  #lost(reason: string): void {
    this.#link = null;
    this.#isUp = false;
    this.#downReason = reason;
    this.#rejectAll(reason);
    this.#cancelReconnect = this.#options.clock.after(this.#reconnectMs, () => {
      this.#connect();
    });
    this.#reconnectMs = Math.min(LONGEST_RECONNECT_MS, this.#reconnectMs * 2);
  }

  #rejectAll(reason: string): void {
    this.#state = lineLost(this.#state).state;
    for (const { reject } of this.#waiting.values()) reject(new MeterUnreachable(`${this.words}: ${reason}`));
    this.#waiting.clear();
  }

  /** Serves the next job if the line is free. */
  #next(): void {
    const link = this.#link;
    if (this.#busy || link === null || !this.#isUp) return;
    this.#cancelWake?.();
    this.#cancelWake = null;
    const { clock } = this.#options;
    const now = clock.now();
    const { state, job, expired, wakeAt } = pick(this.#state, now);
    this.#state = state;
    for (const late of expired) {
      const words = `${this.words}: no turn for address ${late.request.unit} within its time; the line is busy`;
      this.#finish(late, waiting => waiting.reject(new MeterUnreachable(words)));
    }
    if (job !== null) {
      this.#busy = true;
      void this.#serve(link, job).then(() => {
        this.#busy = false;
        link.dropIfDead();
        this.#next();
      });
    } else if (wakeAt !== null) {
      this.#cancelWake = clock.after(Math.max(0, wakeAt - now), () => {
        this.#next();
      });
    }
  }

  async #serve(link: ModbusLink, job: Job): Promise<void> {
    const { answer, sentAt } = await link.exchange(job.request, gapOf(this.#state, job.request.unit));
    if (answer.kind === "lost") return;
    if (answer.kind === "reply") this.#reconnectMs = FIRST_RECONNECT_MS;
    const settled = settle(this.#state, job, answer.kind, sentAt, this.#options.clock.now());
    this.#state = settled.state;
    if (settled.again) return;
    this.#finish(job, ({ resolve, reject }) => {
      if (answer.kind === "reply") resolve({ data: answer.data, since: settled.since });
      else reject(errorOf(job.request.unit, answer));
    });
  }

  #finish(job: Job, tell: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(job.id);
    this.#waiting.delete(job.id);
    if (waiting !== undefined) tell(waiting);
  }
}

function errorOf(unit: number, answer: Exclude<LinkAnswer, { kind: "reply" | "lost" }>): Error {
  if (answer.kind === "timeout") return new MeterTimeout(`address ${unit}`, answer.waitedMs);
  const words = `address ${unit}: ${answer.reason}`;
  return answer.kind === "exception" ? new MeterException(words) : new MeterReplyRefused(words);
}
