import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf, StartRefused, StoreUnavailable } from "../errors.ts";

/** What one of our SQLite files is, and how its refusals speak of it. */
export interface SqliteFile {
  readonly file: string;
  /** Four ASCII letters as a number: tells our file from any other SQLite file. */
  readonly applicationId: number;
  /** Layout of the tables; a file of a newer layout is refused, never reinterpreted. */
  readonly layout: number;
  /** SQL that makes the tables where they are missing. */
  readonly tables: string;
  /** "settings": what the file holds. */
  readonly holds: string;
  /** "without cards": how a start goes on when the file is moved away. */
  readonly beginsWithout: string;
  /** What to do when another process has it open. */
  readonly whenInUse: string;
}

/** Primary result codes of SQLite that mean "somebody holds the lock" (SQLITE_BUSY, SQLITE_LOCKED). */
const LOCKED = [5, 6];

/**
 * Opens one of our files, whole and for us alone. WAL with synchronous=FULL: what was acknowledged outlives a kill and a
 * power cut. The lock is held for as long as the file is open; the kernel releases it when the process ends, however it ends.
 * Throws `StartRefused` when the file is in use or cannot be trusted; the message says what to do.
 */
export function openSqliteFile(what: SqliteFile): DatabaseSync {
  const { file } = what;
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Passwords, card numbers, who charged when: readable by its owner alone. SQLite gives its side files the same mode.
    closeSync(openSync(file, "a", 0o600));
    database = new DatabaseSync(file, { timeout: 0 });
    // Exclusive before WAL: the lock is then held from the first access until the file is closed.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("BEGIN IMMEDIATE; COMMIT");
    requireSound(database, what);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StartRefused) throw error;
    throw new StartRefused(reasonFor(error, what), { cause: error });
  }
}

/** `${file} is damaged` and what to do about it, for what only its owner can see. */
export function damaged({ file, holds, beginsWithout }: SqliteFile, detail: string): string {
  return `${file}: damaged or not a ${holds} file (${detail}); restore a copy of it, or move it away to begin ${beginsWithout}`;
}

/** Everything or nothing. Throws what `run` throws. */
export function inTransaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = run();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Runs at once; what it throws rejects, as `StoreUnavailable`. */
export function attempt<T>(file: string, run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      resolve(run());
    } catch (error) {
      const known = error instanceof StoreUnavailable;
      reject(known ? error : new StoreUnavailable(`${file}: ${messageOf(error)}`, { cause: error }));
    }
  });
}

function requireSound(database: DatabaseSync, what: SqliteFile): void {
  const { file, applicationId, layout, tables, beginsWithout } = what;
  const known = Number(database.prepare("SELECT COUNT(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  if (known > 0 && pragma(database, "application_id") !== applicationId) {
    throw new StartRefused(`${file}: is an SQLite file of another program; move it away or choose another DATA_DIR`);
  }
  const written = pragma(database, "user_version");
  if (written > layout) {
    throw new StartRefused(
      `${file}: was written by a newer version (layout ${written}, this one knows ${layout}); start that version, or move the file away to begin ${beginsWithout}`,
    );
  }
  const check = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (check !== "ok") throw new StartRefused(damaged(what, String(check)));
  database.exec(`BEGIN IMMEDIATE; ${tables}
    PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${layout}; COMMIT`);
}

function reasonFor(error: unknown, what: SqliteFile): string {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== "number") {
    return `${what.file}: cannot be used: ${messageOf(error)}; choose another DATA_DIR`;
  }
  if (LOCKED.includes(code & 0xff)) return `${what.file}: is in use by another process; ${what.whenInUse}`;
  return damaged(what, messageOf(error));
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
