import type { CpState } from "../../../shared/contracts/pilot.ts";
import { CONFIG, EVENT, FLAG, RESULT } from "../../../shared/evse-sysex/codes.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { Terminal } from "../../terminal.ts";
import type { BoardDescription } from "../describe.ts";
import { BoardRefused, BoardSilent } from "../errors.ts";
import type { MessageOf } from "../mailbox.ts";
import { answerWords, type BoardSession } from "../session.ts";
import { CLOCK_WRAP_MS, elapsedMs, type Finding } from "./finding.ts";
import { Pace } from "./pace.ts";

/** Parts that a board may lack. */
export const PARTS = ["rcm", "lock", "feedback", "k2"] as const;
export type Part = (typeof PARTS)[number];

export interface SelftestOptions {
  /** A car simulator is plugged in, and nothing that must not get mains voltage hangs on the contactors. */
  readonly tester: boolean;
  /** The person has confirmed beforehand what would be asked. */
  readonly confirmed: boolean;
  readonly without: readonly Part[];
  /** How long a person may take to turn the car simulator. */
  readonly waitMs: number;
}

/** What the pilot service uses (1 s of silence), so that the test shows what holds in service. */
export const WATCHDOG_MS = 1_000;
/** As often as the board can: the resolution of what is timed by reports. */
export const REPORT_MS = 10;
/** A report may still hold samples from before a change; after this none does. */
const SETTLE_MS = 60;
const REPORT_WITHIN_MS = 1_000;

/** A board under test with the person in front of it. */
export class Bench {
  readonly session: BoardSession;
  readonly terminal: Terminal;
  readonly options: SelftestOptions;
  readonly description: BoardDescription;
  readonly findings: Finding[] = [];
  readonly pace: Pace;
  /** Where the main contact stands, and since which report. */
  #contact = { closed: false, clockMs: 0 };

  constructor(
    session: BoardSession,
    clock: Clock,
    terminal: Terminal,
    options: SelftestOptions,
    description: BoardDescription,
  ) {
    this.pace = new Pace(clock);
    this.session = session;
    this.terminal = terminal;
    this.options = options;
    this.description = description;
    session.listen(heard => {
      if (heard.kind !== "report") return;
      this.pace.hear(heard.clockMs);
      if (isClosed(heard.flags) === this.#contact.closed) return;
      this.#contact = { closed: isClosed(heard.flags), clockMs: heard.clockMs };
    });
  }

  lacks(part: Part): boolean {
    return this.options.without.includes(part) || (part === "k2" && this.description.info.contactors < 2);
  }

  found(finding: Finding): void {
    this.findings.push(finding);
    const { title, measured, verdict, note } = finding;
    this.terminal.tell([`${verdict.padEnd(10)} ${title}`, measured, note].filter(part => part !== "").join(": "));
  }

  /** Heartbeats run, the board reports fast, an old trip of the watchdog is cleared. */
  async prepare(): Promise<void> {
    const { session } = this;
    await session.must({ kind: "config", id: CONFIG.watchdogMs.id, value: WATCHDOG_MS }, "setting the watchdog");
    await session.must({ kind: "config", id: CONFIG.reportMs.id, value: REPORT_MS }, "setting the report interval");
    await this.revive();
  }

  /** After a silence: heartbeats again, the trip cleared, contactors told to be open. */
  async revive(): Promise<void> {
    const { session } = this;
    session.beat();
    await session.must({ kind: "contactor", mask: 0 }, "opening the contactors");
    await session.must({ kind: "clear", flags: FLAG.wdTrip }, "clearing the watchdog");
  }

  async drive(dutyPermille: number): Promise<void> {
    await this.session.must({ kind: "pwm", dutyPermille }, `driving ${dutyPermille / 10} %`);
  }

  /** The next report, whatever it shows. */
  report(
    accept: (report: MessageOf<"report">) => boolean = () => true,
    what = "a report",
  ): Promise<MessageOf<"report">> {
    return this.session.next("report", { withinMs: REPORT_WITHIN_MS, what, accept });
  }

  /** A report whose samples are all younger than the last command. */
  async settled(): Promise<MessageOf<"report">> {
    await this.session.pause(SETTLE_MS);
    return this.report();
  }

  event(code: number, withinMs: number, what: string, arg?: number): Promise<MessageOf<"event">> {
    const accept = (event: MessageOf<"event">): boolean =>
      event.code === code && (arg === undefined || event.arg === arg);
    return this.session.next("event", { withinMs, what, accept });
  }

  /** Nothing may be plugged in while the pilot is tried out. */
  async mustBeUnplugged(): Promise<void> {
    const { state } = await this.settled();
    if (state !== "A")
      throw new BoardRefused(`something was plugged in during the test (pilot state ${state}): unplug it`);
  }

  /** Asks the person to turn the car simulator and waits until the board sees it. */
  async waitFor(state: CpState, words: string): Promise<void> {
    this.terminal.tell(`>>> ${words}`);
    try {
      await this.session.next("report", {
        withinMs: this.options.waitMs,
        what: `pilot state ${state}`,
        accept: report => report.state === state,
      });
    } catch (error) {
      if (!(error instanceof BoardSilent)) throw error;
      const { state: found } = await this.report();
      throw new BoardRefused(
        `the car simulator did not show ${state} within ${this.options.waitMs / 1000} s; the board sees ${found}`,
        { cause: error },
      );
    }
    // A knob passes its neighbours on the way.
    const { state: still } = await this.settled();
    if (still !== state) await this.waitFor(state, words);
  }

  /** A word that nobody types by accident. */
  async confirm(question: string, word: string): Promise<void> {
    if (this.options.confirmed) return;
    const answer = await this.terminal.ask(`${question}\nType "${word}" to go on:`);
    if (answer?.trim() === word) return;
    throw new BoardRefused(
      answer === null ? "nobody confirmed; --yes confirms beforehand" : `not confirmed: "${answer}"`,
    );
  }

  /** Closes in state C only; a refusal of the board is an answer, not an error. */
  async close(mask: number): Promise<string | null> {
    const { state } = await this.settled();
    if (state !== "C") throw new BoardRefused(`contactors are closed in state C only; the board sees ${state}`);
    const ack = await this.session.ask({ kind: "contactor", mask });
    return ack.result === RESULT.ok ? null : answerWords(ack);
  }

  /**
   * Stops the heartbeats and waits for the event that says the board noticed. Times are the board's: its reports echo
   * the last heartbeat, so it came between two of them, and a busy host cannot distort the result.
   */
  async fallSilent(
    code: number,
    arg?: number,
  ): Promise<{ readonly leastMs: number; readonly mostMs: number; readonly event: MessageOf<"event"> }> {
    const { session } = this;
    session.hush();
    let before = (await this.report()).clockMs;
    const sequence = session.beatOnce();
    const stopListening = session.listen(heard => {
      if (heard.kind === "report" && heard.heartbeat !== sequence) before = heard.clockMs;
    });
    const noticed = this.event(code, WATCHDOG_MS + 1_000, "that the board notices the silence", arg);
    // The echo fails first when the link is gone; the event must not be left without anyone to hear that.
    noticed.catch(() => undefined);
    try {
      const { clockMs: after } = await this.report(report => report.heartbeat === sequence, "an echo of the heartbeat");
      stopListening();
      const event = await noticed;
      return { leastMs: elapsedMs(after, event.clockMs), mostMs: elapsedMs(before, event.clockMs), event };
    } finally {
      stopListening();
    }
  }

  /**
   * Milliseconds on the board's clock from `sinceClockMs` until a report showed the main contact in this position; 0 when
   * it stood so before, null when it never does.
   */
  async feedback(closed: boolean, sinceClockMs: number): Promise<number | null> {
    if (this.#contact.closed !== closed) {
      try {
        await this.report(({ flags }) => isClosed(flags) === closed, "the contactor's feedback");
      } catch (error) {
        if (error instanceof BoardSilent) return null;
        throw error;
      }
    }
    const tookMs = elapsedMs(sinceClockMs, this.#contact.clockMs);
    return tookMs < CLOCK_WRAP_MS / 2 ? tookMs : 0;
  }

  /** Whatever happened: contactors open, steady +12 V, lock still, no trip left that this test caused. */
  async leaveSafe(): Promise<void> {
    const { session } = this;
    session.resume();
    try {
      session.beat();
      await session.must({ kind: "contactor", mask: 0 }, "opening the contactors");
      await session.must({ kind: "pwm", dutyPermille: 1_000 }, "driving steady +12 V");
      await session.must({ kind: "lock", drive: 0, pulseMs: 0 }, "stopping the lock");
      await session.must({ kind: "clear", flags: FLAG.wdTrip }, "clearing the watchdog");
      await session.must({ kind: "config", id: CONFIG.reportMs.id, value: CONFIG.reportMs.initial }, "report interval");
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.terminal.tell(
        `the board could not be told to open (${words}); without heartbeats it opens by itself within 1 s`,
      );
    }
  }
}

function isClosed(flags: number): boolean {
  return (flags & FLAG.contactFeedback) !== 0;
}

/** Events in which the board opened by itself. */
export function openedBy(bench: Bench, why: number, withinMs: number): Promise<MessageOf<"event">> {
  return bench.event(EVENT.contactorsOpened, withinMs, "that the contactors open", why);
}
