import type { Link } from "../../services/pilot/drivers/link.ts";
import { EXPECTED_FIRMWARE } from "../../services/pilot/pilot.config.ts";
import { BoardLost } from "../../shared/errors.ts";
import { COMMAND, RESULT, RESULT_WORDS } from "../../shared/evse-sysex/codes.ts";
import type { HostCommand } from "../../shared/evse-sysex/command.ts";
import type { BoardMessage } from "../../shared/evse-sysex/message.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { BoardRefused, BoardSilent } from "./errors.ts";
import { type Expected, Mailbox, type MessageOf } from "./mailbox.ts";
import { adviceOn, type Target } from "./target.ts";
import { BoardEar, commandBytes, type Firmware, type Heard, IDENTIFY } from "./wire.ts";
import { flagWords } from "./words.ts";

/** A board behind a boot loader needs up to 2 s before it speaks, and resets when its port is opened. */
const HANDSHAKE_MS = 4_000;
const IDENTIFY_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 500;
const NAME_WANTED =
  "its firmware name; is this the board's port, at its rate (--baud), and is a firmware in it (edge-evse board flash)?";
/** A query changes nothing and may be repeated; a command is sent once. */
const QUERY_ATTEMPTS = 3;
/** As the pilot service does (a quarter of the shortest sensible watchdog). */
const BEAT_EVERY_MS = 250;

export type Ack = MessageOf<"ack">;
type QueryKind = "status" | "info" | "safe" | "kept";

/** One connection of a tool to a board: questions with answers, and heartbeats while a test needs them. */
export class BoardSession {
  readonly #where: string;
  readonly #clock: Clock;
  readonly #stop: AbortSignal | null;
  readonly #link: Link;
  readonly #mailbox: Mailbox;
  readonly #onAbort: () => void;
  #lost: Error | null = null;
  /** The person wants to stop: nothing is waited for any more, but the board can still be told to open. */
  #halted: Error | null = null;
  #beating: Cancel | null = null;
  #sequence = 0;
  #firmware: Firmware | null = null;

  /** Opens the way to a board and waits until it has named itself. */
  static async open(target: Target, clock: Clock, stop: AbortSignal | null = null): Promise<BoardSession> {
    let opened: () => void = () => undefined;
    const isOpen = new Promise<void>(resolve => {
      opened = resolve;
    });
    const session = new BoardSession(target, clock, stop, () => {
      opened();
    });
    try {
      const firmware = session.next("firmware", { withinMs: HANDSHAKE_MS, what: NAME_WANTED });
      void isOpen.then(() => {
        session.#identify(firmware);
      });
      const { name, major, minor } = await firmware;
      session.#firmware = { name, major, minor };
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor(target: Target, clock: Clock, stop: AbortSignal | null, opened: () => void) {
    this.#where = target.name;
    this.#clock = clock;
    this.#stop = stop;
    this.#onAbort = () => {
      this.#halted = new BoardRefused("stopped");
      this.#mailbox.failAll(this.#halted);
    };
    stop?.addEventListener("abort", this.#onAbort, { once: true });
    this.#mailbox = new Mailbox(target.name, clock);
    const ear = new BoardEar(heard => {
      this.#mailbox.deliver(heard);
    });
    this.#link = target.open({
      opened,
      data: bytes => {
        ear.feed(bytes);
      },
      closed: reason => {
        this.#fail(new BoardLost(this.#where, `${reason}${adviceOn(reason)}`));
      },
    });
  }

  get firmware(): Firmware {
    return this.#firmware ?? { name: "", major: 0, minor: 0 };
  }

  /** Whether the firmware is ours, of a version these tools know. */
  get known(): boolean {
    const { name, major } = this.firmware;
    return name === EXPECTED_FIRMWARE.name && major === EXPECTED_FIRMWARE.major;
  }

  /** Refuses to go on with a firmware that keeps other promises. */
  mustBeKnown(): void {
    if (this.known) return;
    const { name, major, minor } = this.firmware;
    throw new BoardRefused(
      `${this.#where}: found firmware "${name}" ${major}.${minor}, expected ${EXPECTED_FIRMWARE.name} ` +
        `${EXPECTED_FIRMWARE.major}.x; "edge-evse board flash" puts it there`,
    );
  }

  /** The next message of a kind that `accept` agrees to. */
  async next<K extends Heard["kind"]>(kind: K, expected: Expected<K>): Promise<MessageOf<K>> {
    const over = this.#lost ?? this.#halted;
    if (over !== null) throw over;
    return this.#mailbox.next(kind, expected);
  }

  /** Hears every message until the answer is called. */
  listen(hear: (heard: Heard) => void): () => void {
    return this.#mailbox.listen(hear);
  }

  async query<K extends QueryKind>(kind: K): Promise<Extract<BoardMessage, { kind: K }>> {
    for (let attempt = 1; ; attempt++) {
      const answer = this.next(kind, { withinMs: ANSWER_WITHIN_MS, what: `the answer to ${kind}` });
      this.send({ kind });
      try {
        return await answer;
      } catch (error) {
        if (!(error instanceof BoardSilent) || attempt === QUERY_ATTEMPTS) throw error;
      }
    }
  }

  /** Sends a command once and waits for the board's answer to it, whatever that is. */
  async ask(command: Exclude<HostCommand, { kind: QueryKind | "heartbeat" }>): Promise<Ack> {
    const code = COMMAND[command.kind];
    const answer = this.next("ack", {
      withinMs: ANSWER_WITHIN_MS,
      what: `the answer to ${command.kind}`,
      accept: ack => ack.command === code || ack.result === RESULT.crc,
    });
    this.send(command);
    return answer;
  }

  /** As `ask`; a refusal of the board is an error that says why. */
  async must(command: Parameters<BoardSession["ask"]>[0], what: string): Promise<Ack> {
    const ack = await this.ask(command);
    if (ack.result !== RESULT.ok) throw new BoardRefused(`${this.#where}: ${what}: ${answerWords(ack)}`);
    return ack;
  }

  /** Begins to send heartbeats; they keep the board's watchdog from falling to safe. */
  beat(): void {
    if (this.#beating !== null) return;
    this.beatOnce();
    this.#beating = this.#clock.every(BEAT_EVERY_MS, () => {
      this.beatOnce();
    });
  }

  /** One heartbeat; answers its sequence number, which the reports echo. */
  beatOnce(): number {
    this.#sequence = (this.#sequence + 1) % 128;
    this.send({ kind: "heartbeat", sequence: this.#sequence });
    return this.#sequence;
  }

  /** Stops the heartbeats. */
  hush(): void {
    this.#beating?.();
    this.#beating = null;
  }

  send(command: HostCommand): void {
    if (this.#lost === null) this.#link.write(commandBytes(command));
  }

  /** Waits without wanting anything. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.#clock.after(ms, resolve);
    });
  }

  /** After a stop: the last commands are still to be carried out. */
  resume(): void {
    this.#halted = null;
  }

  close(): void {
    this.hush();
    this.#stop?.removeEventListener("abort", this.#onAbort);
    this.#lost ??= new BoardRefused("closed");
    this.#link.close();
  }

  #identify(firmware: Promise<unknown>): void {
    const ask = (): void => {
      if (this.#lost === null) this.#link.write(IDENTIFY);
    };
    ask();
    const cancel = this.#clock.every(IDENTIFY_EVERY_MS, ask);
    firmware.then(cancel, cancel);
  }

  #fail(error: Error): void {
    if (this.#lost !== null) return;
    this.#lost = error;
    this.hush();
    this.#mailbox.failAll(error);
  }
}

export function answerWords({ result, arg }: Ack): string {
  const words = RESULT_WORDS[result] ?? `result ${result}`;
  return result === RESULT.refused ? `${words} (${flagWords(arg).join(", ") || "no flag says why"})` : words;
}
