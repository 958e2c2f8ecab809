import { createRequire } from "node:module";
import type { MqttClient } from "mqtt";
import { messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { readColonForm } from "../sources/colon-form.core.ts";
import { observe } from "../sources/json-map.core.ts";
import { Intake } from "./intake.ts";

const RECONNECT_MS = 1_000;
const CONNECT_MS = 5_000;
/** A broker whose line was cut is noticed within one and a half of these. */
const KEEP_ALIVE_S = 5;
/** This long without a message is worth a word. */
const SILENT_AFTER_MS = 5_000;
/** More than any of these devices has to say. */
const MAX_PAYLOAD_BYTES = 65_536;

interface Kept {
  readonly document: unknown;
  readonly at: Instant;
}

/** A meter whose values come over MQTT, on one topic or on several that make a sample together. */
export class MqttMeter implements MeterDriver {
  readonly source: string;
  readonly #spec: MeterSpec & { kind: "mqtt" };
  readonly #clock: Clock;
  readonly #intake: Intake;
  /** The newest document of each topic that no sample was made of yet. */
  readonly #kept = new Map<string, Kept>();
  #client: MqttClient | null = null;
  #cancel: Cancel | null = null;
  #lastTrouble = "";

  constructor(spec: MeterSpec & { kind: "mqtt" }, clock: Clock) {
    this.source = `${spec.label}, ${spec.url}, ${spec.topics.join(", ")}`;
    this.#spec = spec;
    this.#clock = clock;
    const { role, mounting, reading } = spec;
    const [direction, phases] = reading === null ? (["own", null] as const) : [reading.direction, reading.phases];
    this.#intake = new Intake({ role, mounting, direction, phases, clock });
  }

  start(listener: MeterListener): void {
    const { url, user, password, topics } = this.#spec;
    this.#intake.open(listener);
    // Loaded when asked for: a site without such a meter is spared its memory.
    const { connect } = createRequire(import.meta.url)("mqtt") as typeof import("mqtt");
    const client = connect(url, {
      // The brokers of the field speak 3.1.1, not all of them 5.
      protocolVersion: 4,
      // What was published while we were away is old.
      clean: true,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_MS,
      keepalive: KEEP_ALIVE_S,
      ...(user === null ? {} : { username: user }),
      ...(password === null ? {} : { password }),
    });
    this.#client = client;
    client.on("connect", () => {
      this.#lastTrouble = "";
      client.subscribe([...topics], { qos: 0 }, (error, granted) => {
        if (error !== null) this.#trouble(messageOf(error));
        const refused = granted?.find(({ qos }) => qos > 2);
        if (refused !== undefined) this.#trouble(`the broker refuses ${refused.topic}`);
      });
    });
    client.on("error", error => this.#trouble(messageOf(error)));
    client.on("offline", () => this.#trouble("the broker cannot be reached"));
    client.on("message", (topic, payload, packet) => {
      // A stored message may be of any age.
      if (!packet.retain) this.#take(topic, payload);
    });
    this.#cancel = this.#clock.every(SILENT_AFTER_MS, () => this.#watch());
  }

  async stop(): Promise<void> {
    this.#intake.close();
    this.#cancel?.();
    const client = this.#client;
    this.#client = null;
    await client?.endAsync(true);
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    return this.#intake.counters();
  }

  #take(topic: string, payload: Buffer): void {
    const now = this.#clock.now();
    this.#intake.count("requests");
    if (payload.length > MAX_PAYLOAD_BYTES) {
      this.#intake.refuse(`${topic}: a message of ${payload.length} bytes`);
      return;
    }
    const text = payload.toString("utf8");
    if (this.#spec.reading === null) {
      const read = readColonForm(text, this.#spec.role);
      if (read.ok) this.#intake.accept(read.observation, now);
      else this.#intake.refuse(`${topic}: ${read.reason}`);
      return;
    }
    try {
      this.#kept.set(topic, { document: JSON.parse(text) as unknown, at: now });
    } catch {
      this.#kept.delete(topic);
      this.#intake.refuse(`${topic}: the message is no JSON`);
      return;
    }
    this.#complete(this.#spec.reading.map);
  }

  /** A sample once each topic has told something new; as old as the oldest part of it. */
  #complete(map: Parameters<typeof observe>[0]): void {
    const parts = this.#spec.topics.map(topic => this.#kept.get(topic));
    if (parts.some(part => part === undefined)) return;
    this.#kept.clear();
    const documents = parts.map(part => part?.document);
    this.#intake.accept(observe(map, documents), Math.min(...parts.map(part => part?.at ?? Infinity)));
  }

  #trouble(reason: string): void {
    // Each attempt fails in the same way; once is enough until it works again.
    if (reason === this.#lastTrouble) return;
    this.#lastTrouble = reason;
    this.#intake.trouble(`${this.#spec.url}: ${reason}`);
  }

  #watch(): void {
    const silentMs = this.#intake.silentMs();
    if (silentMs < SILENT_AFTER_MS) return;
    const where = this.#client?.connected === true ? this.#spec.topics.join(", ") : this.#spec.url;
    const why = this.#client?.connected === true ? "" : this.#lastTrouble === "" ? "" : ` (${this.#lastTrouble})`;
    this.#intake.miss(`${where}: no message for ${Math.round(silentMs / 1_000)} s${why}`);
  }
}
