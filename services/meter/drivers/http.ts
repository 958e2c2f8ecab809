import { MeterNotAvailable, messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import type { HttpForm } from "../sources/http-form.core.ts";
import { HttpClient } from "./http-client.ts";
import { Intake } from "./intake.ts";

/** Half the time after which the mains counts as silent must suffice for two tries. */
const TIMEOUT_MS = 1_500;
/** A device that passes on what it heard has heard nothing for so long: worth a word. */
const STANDS_STILL_MS = 10_000;
/** A device that cannot be reached is tried again after 2 s, then more rarely; the mains stays valid for 11 s. */
const BACK_OFF_MS = [2_000, 10_000] as const;

/** Stands for an answer that there is not. */
const NOTHING = Buffer.from("null");

/** Where a device is, and who asks it. */
export interface HttpDevice {
  readonly label: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly login: { readonly user: string; readonly password: string } | null;
  readonly certificateFile: string | null;
  readonly newsEveryMs: number;
  readonly phases: 1 | 3 | null;
}

/** A meter that is asked for its values over HTTP. */
export class HttpMeter implements MeterDriver {
  readonly source: string;
  readonly #form: HttpForm;
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #client: HttpClient;
  readonly #intake: Intake;
  #cancel: Cancel | null = null;
  #backOffMs: number = BACK_OFF_MS[0];
  /** The last answer of a device that repeats itself, and when that was asked for. */
  #last: { readonly body: Buffer; readonly askedAt: Instant } | null = null;

  constructor(spec: Pick<MeterSpec, "role" | "mounting" | "pollMs">, device: HttpDevice, form: HttpForm, clock: Clock) {
    const { label, origin, headers, login, certificateFile, newsEveryMs, phases } = device;
    const { role, mounting, pollMs } = spec;
    this.source = `${label}, ${origin}`;
    this.#form = form;
    this.#everyMs = Math.max(pollMs, newsEveryMs);
    this.#clock = clock;
    this.#intake = new Intake({ role, mounting, direction: form.direction, phases, clock });
    try {
      this.#client = new HttpClient({ origin, headers, login, certificateFile, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      throw new MeterNotAvailable(`${this.source}: ${messageOf(error)}`, { cause: error });
    }
  }

  start(listener: MeterListener): void {
    this.#intake.open(listener);
    void this.#poll();
  }

  async stop(): Promise<void> {
    this.#intake.close();
    this.#cancel?.();
    this.#client.close();
    return Promise.resolve();
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    return this.#intake.counters();
  }

  /** One question at a time, in the rhythm of the device and of the site file, whichever is slower. */
  async #poll(): Promise<void> {
    const startedAt = this.#clock.now();
    const isAway = await this.#ask();
    if (!this.#intake.isOpen) return;
    const waitMs = isAway ? this.#backOffMs : Math.max(0, startedAt + this.#everyMs - this.#clock.now());
    this.#backOffMs = isAway ? Math.min(BACK_OFF_MS[1], this.#backOffMs * 2) : BACK_OFF_MS[0];
    this.#cancel = this.#clock.after(waitMs, () => void this.#poll());
  }

  /** True: the device cannot be reached. */
  async #ask(): Promise<boolean> {
    const askedAt = this.#clock.now();
    const bodies: Buffer[] = [];
    this.#intake.count("requests");
    for (const path of this.#form.paths) {
      const answer = await this.#client.get(path);
      if (!this.#intake.isOpen) return false;
      switch (answer.kind) {
        case "body":
          bodies.push(answer.body);
          break;
        case "missing":
          if (this.#form.mayLackPaths) {
            bodies.push(NOTHING);
            break;
          }
          this.#intake.refuse(answer.reason);
          return false;
        case "refused":
          this.#intake.refuse(answer.reason);
          return false;
        case "timeout":
          this.#intake.miss(answer.reason);
          return false;
        case "away":
          this.#intake.miss(answer.reason);
          return true;
      }
    }
    const since = this.#form.isPassedOn ? this.#newSince(Buffer.concat(bodies), askedAt) : askedAt;
    if (since === null) return false;
    const read = this.#form.read(bodies);
    if (read.ok) this.#intake.accept(read.observation, since - read.ageMs);
    else this.#intake.refuse(read.reason);
    return false;
  }

  /**
   * Of a device that passes on what it last heard: how old that may be. It came after the answer before, which was
   * another one; null where it is the same, or the first, whose age nobody knows.
   */
  #newSince(body: Buffer, askedAt: Instant): Instant | null {
    const before = this.#last;
    this.#last = { body, askedAt };
    if (before !== null && !before.body.equals(body)) return before.askedAt;
    const silentMs = this.#intake.silentMs();
    if (silentMs >= STANDS_STILL_MS) {
      this.#intake.trouble(`${this.source}: has heard nothing new for ${Math.round(silentMs / 1_000)} s`);
    }
    return null;
  }
}
