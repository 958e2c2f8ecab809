import { CONFIG, type ConfigName, EVENT, FLAG, RESULT } from "../../shared/evse-sysex/codes.ts";
import type { HostCommand } from "../../shared/evse-sysex/command.ts";
import type { BoardMessage } from "../../shared/evse-sysex/message.ts";
import type { BoardEngine, EngineOptions, MakeEngine } from "./board-engine.ts";
import { BoardEar, wire } from "./board-host.ts";

const STEP_MS = 0.25;
/** Storing takes the longest: 8 EEPROM cells of 3.4 ms. */
const ANSWER_MS = 80;
const BEAT_MS = 250;

type Kind = BoardMessage["kind"];

/** A board, a host that listens, and a control loop that beats when told to. */
export class EngineBench {
  readonly board: BoardEngine;
  readonly ear: BoardEar;
  /** Every change of the coils. */
  readonly coils: { readonly atMs: number; readonly mask: number }[] = [];
  #beatAt: number | null = null;
  #sequence = 0;

  constructor(make: MakeEngine, options?: EngineOptions) {
    this.board = make(options);
    this.ear = new BoardEar(() => this.board.nowMs);
    this.board.connect(bytes => this.ear.feed(bytes));
    this.board.onChange(() => {
      const mask = this.mask;
      if (mask !== (this.coils.at(-1)?.mask ?? 0)) this.coils.push({ atMs: this.board.nowMs, mask });
    });
    this.run(40);
  }

  get mask(): number {
    const { l1, l23 } = this.board.coils;
    return (l1 ? 1 : 0) | (l23 ? 2 : 0);
  }

  get poles(): number {
    const { l1, l23 } = this.board.contactors;
    return (l1 ? 1 : 0) | (l23 ? 2 : 0);
  }

  /** Lets time pass; the control loop beats meanwhile, if it lives. */
  run(ms: number): void {
    const until = this.board.nowMs + ms;
    while (this.#beatAt !== null && this.#beatAt <= until) {
      this.board.run(Math.max(0, this.#beatAt - this.board.nowMs));
      this.#beat();
    }
    this.board.run(Math.max(0, until - this.board.nowMs));
  }

  say(words: string): void {
    this.board.say(words);
  }

  /** Sends without waiting. */
  write(command: HostCommand): void {
    this.board.write(wire(command));
  }

  /** Sends and waits until the board has taken it. */
  tell(command: HostCommand): void {
    this.write(command);
    this.run(3);
  }

  /** Sends and waits for the answer. */
  ask(command: HostCommand): Extract<BoardMessage, { kind: "ack" }> {
    return this.query(command, "ack");
  }

  /** Sends and answers the result code. */
  send(command: HostCommand): number {
    return this.ask(command).result;
  }

  /** Asks for a message. */
  query<K extends Kind>(command: HostCommand, kind: K): Extract<BoardMessage, { kind: K }> {
    const before = this.ear.messages(kind).length;
    this.write(command);
    for (let ms = 0; ms <= ANSWER_MS; ms += STEP_MS) {
      const found = this.ear.messages(kind)[before];
      if (found !== undefined) return found;
      this.run(STEP_MS);
    }
    throw new Error(`${this.board.name}: no ${kind} within ${ANSWER_MS} ms`);
  }

  get status(): Extract<BoardMessage, { kind: "status" }> {
    return this.query({ kind: "status" }, "status");
  }

  get flags(): number {
    return this.status.flags;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  configure(name: ConfigName, value: number): number {
    return this.send({ kind: "config", id: CONFIG[name].id, value });
  }

  /** From now on a heartbeat every 250 ms. */
  beat(): void {
    this.#beat();
    this.run(3);
  }

  stopBeating(): void {
    this.#beatAt = null;
  }

  /** Car in C at this duty, everything ready, contactors open. */
  ready(dutyPermille = 160): this {
    this.beat();
    this.send({ kind: "pwm", dutyPermille });
    this.say("pp 220");
    this.say("ev C");
    this.run(25);
    return this;
  }

  /** And closed. */
  charge(mask = 3): this {
    this.ready();
    const result = this.send({ kind: "contactor", mask });
    if (result !== RESULT.ok) throw new Error(`${this.board.name}: the bench could not close: ${result}`);
    this.run(40);
    return this;
  }

  /** How long until both coils are off, counted from now; null = not within the limit. */
  msUntilOpen(limitMs: number, fromMs = this.board.nowMs): number | null {
    if (this.mask === 0) return 0;
    this.run(limitMs);
    const change = this.coils.find(({ atMs, mask }) => atMs >= fromMs && mask === 0);
    return change === undefined ? null : change.atMs - fromMs;
  }

  /** How long until this holds, looked at every 0.05 ms. */
  msUntil(holds: () => boolean, limitMs: number): number | null {
    const from = this.board.nowMs;
    while (!holds()) {
      if (this.board.nowMs - from > limitMs) return null;
      this.run(0.05);
    }
    return this.board.nowMs - from;
  }

  /** Events since the beginning, without the pilot's. */
  events(): readonly (readonly [number, number])[] {
    return this.ear
      .messages("event")
      .filter(({ code }) => code !== EVENT.cpState)
      .map(({ code, arg }) => [code, arg]);
  }

  lastArg(code: number): number | undefined {
    return this.ear.messages("event").findLast(event => event.code === code)?.arg;
  }

  /** Opened by itself: told to open once, as a host must. */
  acknowledge(): void {
    this.send({ kind: "contactor", mask: 0 });
  }

  clear(flags: number): void {
    this.send({ kind: "clear", flags });
  }

  #beat(): void {
    this.#sequence = (this.#sequence + 1) % 128;
    this.write({ kind: "heartbeat", sequence: this.#sequence });
    this.#beatAt = this.board.nowMs + BEAT_MS;
  }
}

export const ALL_LATCHES = FLAG.wdTrip | FLAG.rcmTrip | FLAG.rcmTestBad | FLAG.weld | FLAG.hwWatchdog | FLAG.overrun;
