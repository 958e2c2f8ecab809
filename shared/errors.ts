/** The root of every error this project throws on purpose. `code` is stable and crosses the bus as the error's type. */
export abstract class EvseError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A payload does not keep its contract: the publisher's bug, or a foreign message. */
export class ContractViolation extends EvseError {
  readonly code = "contract.violation";
  readonly contract: string;
  constructor(contract: string, detail: string, options?: ErrorOptions) {
    super(`${contract}: ${detail}`, options);
    this.contract = contract;
  }
}

/** The site file cannot be used. The message names the file, the key and what would be right. */
export class SiteFileError extends EvseError {
  readonly code = "site-file.invalid";
}

/** A setting's value was refused. Nothing was changed. */
export class SettingRefused extends EvseError {
  readonly code = "setting.refused";
  readonly key: string;
  constructor(key: string, reason: string, options?: ErrorOptions) {
    super(`${key}: ${reason}`, options);
    this.key = key;
  }
}

/** A meter gave no usable answer. */
export class MeterTimeout extends EvseError {
  readonly code = "meter.timeout";
  readonly meterId: string;
  constructor(meterId: string, waitedMs: number, options?: ErrorOptions) {
    super(`meter ${meterId} gave no answer within ${waitedMs} ms`, options);
    this.meterId = meterId;
  }
}

/** A meter answered, but with something that must not be believed. */
export class MeterReplyRefused extends EvseError {
  readonly code = "meter.reply-refused";
}

/** A meter answered with an exception: it has no such registers, or cannot tell them now. */
export class MeterException extends MeterReplyRefused {}

/** A meter cannot be asked now: its line is down, or it has been set aside because it does not answer. */
export class MeterUnreachable extends EvseError {
  readonly code = "meter.unreachable";
}

/** A meter type that cannot be read, or a meter that the site file gives no way to. */
export class MeterNotAvailable extends EvseError {
  readonly code = "meter.not-available";
}

/** Values fed to a meter were refused. Nothing was changed. */
export class MeterFeedRefused extends EvseError {
  readonly code = "meter.feed-refused";
}

/** The link to a pilot board is gone or the board is not the one expected. */
export class BoardLost extends EvseError {
  readonly code = "board.lost";
  readonly boardId: string;
  constructor(boardId: string, reason: string, options?: ErrorOptions) {
    super(`board ${boardId}: ${reason}`, options);
    this.boardId = boardId;
  }
}

/** The settings store cannot be reached or refuses to write. */
export class StoreUnavailable extends EvseError {
  readonly code = "store.unavailable";
}

/** A card number that is none. Nothing was changed. */
export class CardRefused extends EvseError {
  readonly code = "card.refused";
}

/** A limit that cannot be set or withdrawn so. Nothing was changed. */
export class LimitRefused extends EvseError {
  readonly code = "limit.refused";
}

/** A limit of somebody else: only its owner replaces or withdraws it. Nothing was changed. */
export class LimitNotYours extends EvseError {
  readonly code = "limit.not-yours";
  constructor(limitId: string, owner: string) {
    super(`the limit ${limitId} was set by ${owner}; only ${owner} may replace or withdraw it`);
  }
}

/** Something was asked about a charge point that this site does not have. */
export class PointUnknown extends EvseError {
  readonly code = "point.unknown";
  constructor(evseId: string, known: readonly string[]) {
    super(`no charge point is called ${JSON.stringify(evseId)}; expected one of: ${known.join(", ")}`);
  }
}

/** History was asked for something that does not exist. Nothing was changed. */
export class HistoryRefused extends EvseError {
  readonly code = "history.refused";
}

/** A journal of decisions that cannot be read. */
export class JournalRefused extends EvseError {
  readonly code = "journal.refused";
}

/** Words the simulated site does not understand. Nothing was changed. */
export class CommandRefused extends EvseError {
  readonly code = "simulator.command-refused";
}

/** Something that this process needs at start is taken: a port, a data directory. */
export class StartRefused extends EvseError {
  readonly code = "start.refused";
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
