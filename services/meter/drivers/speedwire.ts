import { createSocket, type Socket } from "node:dgram";
import { messageOf } from "../../../shared/errors.ts";
import type { Cancel, Clock, Instant } from "../../../shared/time/clock.ts";
import type { MeterCounters, MeterDriver, MeterListener, MeterSpec } from "../meter.port.ts";
import { readSpeedwire, SPEEDWIRE } from "../sources/speedwire.core.ts";
import { Intake } from "./intake.ts";

/** Meters send once a second; this long without a message is worth a word. */
const SILENT_AFTER_MS = 3_000;
/** A socket that could not be opened, or has failed, is opened again in this rhythm. */
const REOPEN_MS = 2_000;
/** Where no meter is named, this long is listened for a second one before the first is believed. */
const LISTEN_FIRST_MS = 2_500;
/** A second meter that was heard within this time makes it unclear which one is meant. */
const RIVAL_MS = 60_000;
/** A message that is older than the newest one by no more than this was overtaken on the way; else the meter began anew. */
const OVERTAKEN_MS = 10_000;
const TICKS = 2 ** 32;

/** A meter of SMA's Speedwire: it sends to everybody on the network, and is only listened to. */
export class SpeedwireMeter implements MeterDriver {
  readonly source: string;
  readonly #spec: MeterSpec & { kind: "speedwire" };
  readonly #clock: Clock;
  readonly #intake: Intake;
  #socket: Socket | null = null;
  #cancels: Cancel[] = [];
  #startedAt: Instant = 0;
  #lastTicks: number | null = null;
  /** When each meter was last heard. */
  readonly #heard = new Map<number, Instant>();
  #toldOf = "";

  constructor(spec: MeterSpec & { kind: "speedwire" }, clock: Clock) {
    const { serial, role, mounting, port } = spec;
    this.source = `Speedwire, ${serial === null ? "the only meter" : `meter ${serial}`}, ${SPEEDWIRE.group}:${port}`;
    this.#spec = spec;
    this.#clock = clock;
    this.#intake = new Intake({ role, mounting, direction: "power", phases: null, clock });
  }

  start(listener: MeterListener): void {
    this.#intake.open(listener);
    this.#startedAt = this.#clock.now();
    this.#cancels.push(this.#clock.every(SILENT_AFTER_MS, () => this.#watch()));
    this.#open();
  }

  async stop(): Promise<void> {
    this.#intake.close();
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) await new Promise<void>(resolve => socket.close(resolve));
  }

  feed(): boolean {
    return false;
  }

  counters(): MeterCounters {
    return this.#intake.counters();
  }

  #open(): void {
    const { port, interfaceAddress } = this.#spec;
    // Another program of this machine may listen as well.
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    this.#socket = socket;
    socket.on("message", datagram => this.#take(datagram));
    socket.on("error", error => this.#fail(socket, error));
    socket.bind(port, () => {
      try {
        socket.addMembership(SPEEDWIRE.group, ...(interfaceAddress === null ? [] : [interfaceAddress]));
      } catch (error) {
        // No network yet, or no interface of that address.
        this.#fail(socket, error);
      }
    });
  }

  #fail(socket: Socket, error: unknown): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    socket.close();
    this.#intake.trouble(`Speedwire: ${messageOf(error)}`);
    this.#cancels.push(this.#clock.after(REOPEN_MS, () => this.#open()));
  }

  #take(datagram: Buffer): void {
    if (!this.#intake.isOpen) return;
    const now = this.#clock.now();
    const read = readSpeedwire(datagram);
    if (read.kind === "other") return;
    this.#intake.count("requests");
    if (read.kind === "refused") {
      this.#intake.refuse(`Speedwire: ${read.reason}`);
      return;
    }
    const { serial, ticks, observation } = read;
    this.#heard.set(serial, now);
    if (!this.#isMeant(serial, now) || this.#isOld(ticks)) return;
    this.#lastTicks = ticks;
    this.#intake.accept(observation, now);
  }

  /** Whether this is the meter that is read; where none is named it must be the only one. */
  #isMeant(serial: number, now: Instant): boolean {
    const { serial: wanted } = this.#spec;
    if (wanted !== null) return serial === wanted;
    const present = [...this.#heard].filter(([, at]) => now - at < RIVAL_MS).map(([other]) => other);
    if (present.length > 1) {
      const words = `meters ${present.sort((a, b) => a - b).join(", ")} speak; which one is meant must be said (serial)`;
      if (words !== this.#toldOf) this.#intake.trouble(`Speedwire: ${words}`);
      this.#toldOf = words;
      return false;
    }
    return now - this.#startedAt >= LISTEN_FIRST_MS;
  }

  /** The same message by another way, or one that was overtaken. */
  #isOld(ticks: number): boolean {
    if (this.#lastTicks === null) return false;
    const olderByMs = (this.#lastTicks - ticks + TICKS) % TICKS;
    return olderByMs <= OVERTAKEN_MS;
  }

  #watch(): void {
    const silentMs = this.#intake.silentMs();
    if (silentMs < SILENT_AFTER_MS) return;
    const others = [...this.#heard.keys()].filter(serial => serial !== this.#spec.serial);
    const heard = others.length === 0 ? "" : `; heard: ${others.join(", ")}`;
    this.#intake.miss(`Speedwire: no message for ${Math.round(silentMs / 1_000)} s${heard}`);
  }
}
