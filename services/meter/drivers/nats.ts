import { createRequire } from "node:module";
import type { NatsConnection } from "nats";
import { describeIssues } from "../../../shared/contracts/define.ts";
import { type MeterSample, meterSample } from "../../../shared/contracts/meter.ts";
import { sampleSubject } from "../../../shared/contracts/subject.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { terminals } from "../sources/observation.core.ts";
import { Intake } from "./intake.ts";

/** How this process reaches NATS. */
export interface NatsAccess {
  readonly site: string;
  readonly connect: () => Promise<NatsConnection>;
}

const RETRY_MS = 500;
/** This long without a message is worth a word. */
const SILENT_AFTER_MS = 5_000;
/** A publisher that was silent this long may be followed by another one. */
const SUCCESSION_MS = 3_000;
/** The next sample of a publisher is one of so many; anything else is a mistake, or a client that sends what it kept. */
const NEXT_SAMPLES = 1_000;

/** A meter that is a program of its own, in any language: it publishes its samples on `edge.<site>.feed.meter.<feed>`. */
export class NatsMeter implements MeterDriver {
  readonly source: string;
  readonly #spec: MeterSpec & { kind: "nats" };
  readonly #access: NatsAccess;
  readonly #clock: Clock;
  readonly #intake: Intake;
  readonly #subject: string;
  #connection: NatsConnection | null = null;
  #cancels: Cancel[] = [];
  #lastTrouble = "";
  /** Who is listened to, and its newest sample. */
  #publisher: { readonly from: string; readonly sequence: number; readonly at: Instant } | null = null;

  constructor(spec: MeterSpec & { kind: "nats" }, access: NatsAccess, clock: Clock) {
    this.#subject = sampleSubject(access.site, spec.feed);
    this.source = `NATS, ${this.#subject}`;
    this.#spec = spec;
    this.#access = access;
    this.#clock = clock;
    const { role, mounting } = spec;
    this.#intake = new Intake({ role, mounting, direction: "own", phases: null, clock });
  }

  start(listener: MeterListener): void {
    this.#intake.open(listener);
    this.#cancels.push(this.#clock.every(SILENT_AFTER_MS, () => this.#watch()));
    this.#dial();
  }

  async stop(): Promise<void> {
    this.#intake.close();
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    return this.#intake.counters();
  }

  #dial(): void {
    this.#access.connect().then(
      connection => {
        if (!this.#intake.isOpen) {
          void connection.close();
          return;
        }
        this.#lastTrouble = "";
        this.#connection = connection;
        connection.subscribe(this.#subject, {
          callback: (error, message) => {
            if (error === null) this.#take(message.data);
            else this.#trouble(messageOf(error));
          },
        });
        void this.#follow(connection);
        void connection.closed().then(error => {
          this.#trouble(error === undefined ? "closed" : messageOf(error));
          this.#redial();
        });
      },
      (error: unknown) => {
        this.#trouble(messageOf(error));
        this.#redial();
      },
    );
  }

  async #follow(connection: NatsConnection): Promise<void> {
    const { Events } = createRequire(import.meta.url)("nats") as typeof import("nats");
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) this.#trouble("the connection is lost");
      if (status.type === Events.Reconnect) this.#lastTrouble = "";
    }
  }

  #redial(): void {
    this.#connection = null;
    if (this.#intake.isOpen) this.#cancels.push(this.#clock.after(RETRY_MS, () => this.#dial()));
  }

  #take(data: Uint8Array): void {
    const now = this.#clock.now();
    this.#intake.count("requests");
    const parsed = parse(data);
    if (typeof parsed === "string") {
      this.#intake.refuse(`${this.#subject}: ${parsed}`);
      return;
    }
    const wrong = this.#wrongWith(parsed, now);
    if (wrong !== null) {
      this.#intake.refuse(`${this.#subject}: ${wrong}`);
      return;
    }
    const before = this.#publisher;
    const isRepeated = before?.from === parsed.from && before.sequence === parsed.sequence;
    this.#publisher = { from: parsed.from, sequence: parsed.sequence, at: now };
    // The same sample once more is no news and makes nothing younger.
    if (isRepeated) return;
    const { currentA, powerW, totalPowerW, importWh, exportWh } = parsed;
    const observation = {
      currentA: terminals([currentA.l1, currentA.l2, currentA.l3]),
      powerW: terminals(powerW === null ? [] : [powerW.l1, powerW.l2, powerW.l3]),
      voltageV: terminals([]),
      totalPowerW,
      importWh,
      exportWh,
    };
    this.#intake.accept(observation, now - parsed.ageMs);
  }

  #wrongWith({ role, evseId, from, sequence }: MeterSample, now: Instant): string | null {
    const { measures } = this.#spec;
    if (role !== measures.role || evseId !== measures.evseId) {
      return `a sample of ${inWords({ role, evseId })}; expected one of ${inWords(measures)}`;
    }
    const present = this.#publisher;
    if (present === null || now - present.at >= SUCCESSION_MS) return null;
    if (present.from !== from) return `"${from}" publishes beside "${present.from}", which is not silent yet`;
    const step = sequence - present.sequence;
    return step >= 0 && step <= NEXT_SAMPLES ? null : `sample ${sequence} of "${from}" after ${present.sequence}`;
  }

  #trouble(reason: string): void {
    // Each attempt fails in the same way; once is enough until it works again.
    if (reason === this.#lastTrouble) return;
    this.#lastTrouble = reason;
    this.#intake.trouble(`NATS: ${reason}`);
  }

  #watch(): void {
    const silentMs = this.#intake.silentMs();
    if (silentMs < SILENT_AFTER_MS) return;
    this.#intake.miss(`${this.#subject}: no sample for ${Math.round(silentMs / 1_000)} s`);
  }
}

function parse(data: Uint8Array): MeterSample | string {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return "the message is no JSON";
  }
  const parsed = meterSample.safeParse(json);
  return parsed.success ? parsed.data : describeIssues(parsed.error);
}

function inWords({ role, evseId }: { readonly role: string; readonly evseId: string | null }): string {
  return evseId === null ? role : `${role} ${evseId}`;
}
