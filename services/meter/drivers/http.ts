import { MeterNotAvailable, messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { observe } from "../sources/json-map.core.ts";
import { HttpClient } from "./http-client.ts";
import { Intake } from "./intake.ts";

/** Half the time after which the mains counts as silent must suffice for two tries. */
const TIMEOUT_MS = 1_500;
/** A device that cannot be reached is tried again after 2 s, then more rarely; the mains stays valid for 11 s. */
const BACK_OFF_MS = [2_000, 10_000] as const;

/** A meter that tells its values as JSON over HTTP. */
export class HttpMeter implements MeterDriver {
  readonly source: string;
  readonly #spec: MeterSpec & { kind: "http" };
  readonly #clock: Clock;
  readonly #client: HttpClient;
  readonly #intake: Intake;
  #cancel: Cancel | null = null;
  #backOffMs: number = BACK_OFF_MS[0];

  constructor(spec: MeterSpec & { kind: "http" }, clock: Clock) {
    this.source = `${spec.label}, ${spec.origin}`;
    this.#spec = spec;
    this.#clock = clock;
    const { direction, phases } = spec.reading;
    this.#intake = new Intake({ role: spec.role, mounting: spec.mounting, direction, phases, clock });
    const { origin, headers, login, certificateFile } = spec;
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
    const everyMs = Math.max(this.#spec.pollMs, this.#spec.newsEveryMs);
    const waitMs = isAway ? this.#backOffMs : Math.max(0, startedAt + everyMs - this.#clock.now());
    this.#backOffMs = isAway ? Math.min(BACK_OFF_MS[1], this.#backOffMs * 2) : BACK_OFF_MS[0];
    this.#cancel = this.#clock.after(waitMs, () => void this.#poll());
  }

  /** True: the device cannot be reached. */
  async #ask(): Promise<boolean> {
    const askedAt = this.#clock.now();
    const documents: unknown[] = [];
    this.#intake.count("requests");
    for (const path of this.#spec.paths) {
      const answer = await this.#client.getJson(path);
      if (!this.#intake.isOpen) return false;
      switch (answer.kind) {
        case "document":
          documents.push(answer.document);
          break;
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
    this.#intake.accept(observe(this.#spec.reading.map, documents), askedAt);
    return false;
  }
}
