import type { ChargingSession } from "../../shared/contracts/evse.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { type KeptSessions, NOTHING_KEPT, type SessionKeeper, type SessionSnapshot } from "./evse.port.ts";

/** How often history is asked again to take what it has not confirmed. */
const DELIVER_EVERY_MS = 10_000;
/** A site without history keeps so many of the newest ended sessions at the point. */
const KEPT_ENDED = 500;

export interface SessionDeskOptions {
  readonly keeper: SessionKeeper;
  readonly clock: Clock;
  /** Resolves once history has stored the session durably. */
  readonly deliver: (session: ChargingSession) => Promise<void>;
  readonly log: {
    info(object: object, message: string): void;
    warn(object: object, message: string): void;
  };
}

/** Writes sessions down beside the charge point, and hands ended ones to history until it has confirmed them. */
export class SessionDesk {
  readonly #options: SessionDeskOptions;
  #kept: KeptSessions = NOTHING_KEPT;
  #saving: Promise<boolean> = Promise.resolve(true);
  #delivering = false;
  #historyAway = false;
  #keeperAway = false;
  #cancel: Cancel | null = null;

  constructor(options: SessionDeskOptions) {
    this.#options = options;
  }

  /** Reads what was kept and begins to deliver; answers the session that was open. */
  start(): SessionSnapshot | null {
    const { keeper, clock, log } = this.#options;
    const { kept, problem } = keeper.load();
    if (problem !== null) log.warn({ problem }, "kept sessions cannot be read");
    this.#kept = kept;
    this.#cancel = clock.every(DELIVER_EVERY_MS, () => this.#deliver());
    return kept.open;
  }

  /** Resolves once everything is written down. */
  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#saving;
  }

  keep(open: SessionSnapshot | null): void {
    // A session that ended was closed with it, in one write.
    if (open === null && this.#kept.open === null) return;
    this.#save({ ...this.#kept, open });
  }

  end(session: ChargingSession): void {
    const ended = [...this.#kept.ended, session];
    if (ended.length > KEPT_ENDED) {
      this.#options.log.warn({ session: ended[0] }, "no history takes the ended sessions; the oldest is dropped");
      ended.shift();
    }
    this.#save({ open: null, ended });
    this.#deliver();
  }

  #save(kept: KeptSessions): void {
    const { keeper, log } = this.#options;
    this.#kept = kept;
    this.#saving = keeper.save(kept).then(
      () => {
        if (this.#keeperAway) log.info({}, "sessions are written down again");
        this.#keeperAway = false;
        return true;
      },
      (error: unknown) => {
        if (!this.#keeperAway) log.warn({ error: messageOf(error) }, "sessions cannot be written down");
        this.#keeperAway = true;
        return false;
      },
    );
  }

  #deliver(): void {
    if (this.#delivering || this.#kept.ended.length === 0) return;
    this.#delivering = true;
    void this.#deliverAll().finally(() => {
      this.#delivering = false;
    });
  }

  async #deliverAll(): Promise<void> {
    const { deliver, log } = this.#options;
    for (let [next] = this.#kept.ended; next !== undefined; [next] = this.#kept.ended) {
      // Written down first: what history holds must not be told again in another version after a power cut.
      await this.#saving;
      try {
        await deliver(next);
      } catch (error) {
        if (!this.#historyAway)
          log.info({ error: messageOf(error) }, "history does not take ended sessions; kept here");
        this.#historyAway = true;
        return;
      }
      if (this.#historyAway) log.info({}, "history takes ended sessions again");
      this.#historyAway = false;
      const delivered = next;
      this.#save({ ...this.#kept, ended: this.#kept.ended.filter(session => session !== delivered) });
    }
  }
}
