import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf, StartRefused, StoreUnavailable } from "../../../shared/errors.ts";
import type { CardBatch, CardStore, StoredCards } from "../cards.port.ts";

/** Layout of the tables below; a file of another layout is refused, never reinterpreted. */
const LAYOUT = 1;
/** "CARD" in ASCII: tells our file from any other SQLite file. */
const APPLICATION_ID = 0x43415244;
/** Primary result codes of SQLite that mean "somebody holds the lock" (SQLITE_BUSY, SQLITE_LOCKED). */
const LOCKED = [5, 6];

const TABLES = `
  CREATE TABLE IF NOT EXISTS card (uid TEXT PRIMARY KEY, user TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS head (id INTEGER PRIMARY KEY CHECK (id = 1), version TEXT, note TEXT);
  INSERT OR IGNORE INTO head (id) VALUES (1);
`;

/**
 * Cards in one SQLite file. WAL with synchronous=FULL: a batch that was acknowledged outlives a kill and a power cut.
 * Throws `StartRefused` when the file cannot be trusted.
 */
export function openSqliteCards(file: string): CardStore {
  const database = openSound(file);
  const putCard = database.prepare("INSERT OR REPLACE INTO card (uid, user) VALUES (?, ?)");
  const removeCard = database.prepare("DELETE FROM card WHERE uid = ?");
  const putVersion = database.prepare("UPDATE head SET version = ? WHERE id = 1 AND version IS ?");
  const putNote = database.prepare("UPDATE head SET note = ? WHERE id = 1");

  function load(): StoredCards {
    const head = database.prepare("SELECT version, note FROM head WHERE id = 1").get();
    const rows = database.prepare("SELECT uid, user FROM card ORDER BY uid").all();
    return {
      version: textOf(head?.["version"]),
      note: textOf(head?.["note"]),
      cards: rows.map(row => ({ uid: String(row["uid"]), user: textOf(row["user"]) })),
    };
  }

  function put(batch: CardBatch): void {
    database.exec("BEGIN IMMEDIATE");
    try {
      if (putVersion.run(batch.version, batch.baseVersion).changes !== 1) {
        throw new StoreUnavailable(
          `${file}: does not hold version ${String(batch.baseVersion)} any more; load it again`,
        );
      }
      for (const uid of batch.remove) removeCard.run(uid);
      for (const { uid, user } of batch.put) putCard.run(uid, user);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  return {
    load: () => attempt(file, load),
    put: batch => attempt(file, () => put(batch)),
    putNote: note =>
      attempt(file, () => {
        putNote.run(note);
      }),
    close: () => attempt(file, () => database.close()),
  };
}

function openSound(file: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Whoever reads card numbers can copy cards: readable by its owner alone.
    closeSync(openSync(file, "a", 0o600));
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("BEGIN IMMEDIATE; COMMIT");
    requireSound(database, file);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StartRefused) throw error;
    throw new StartRefused(reasonFor(error, file), { cause: error });
  }
}

function requireSound(database: DatabaseSync, file: string): void {
  const tables = Number(database.prepare("SELECT COUNT(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  if (tables > 0 && pragma(database, "application_id") !== APPLICATION_ID) {
    throw new StartRefused(`${file}: is an SQLite file of another program; move it away or choose another DATA_DIR`);
  }
  const layout = pragma(database, "user_version");
  if (layout > LAYOUT) {
    throw new StartRefused(
      `${file}: was written by a newer version (layout ${layout}, this one knows ${LAYOUT}); start that version, or move the file away to begin without cards`,
    );
  }
  const check = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (check !== "ok") throw new StartRefused(damaged(file, String(check)));
  database.exec(`BEGIN IMMEDIATE; ${TABLES}
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${LAYOUT}; COMMIT`);
}

function reasonFor(error: unknown, file: string): string {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== "number") return `${file}: cannot be used: ${messageOf(error)}`;
  if (LOCKED.includes(code & 0xff)) {
    return `${file}: is in use by another process; stop that one, or give this one a DATA_DIR of its own`;
  }
  return damaged(file, messageOf(error));
}

function damaged(file: string, detail: string): string {
  return `${file}: damaged or not a card file (${detail}); restore a copy of it, or move it away to begin without cards`;
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Runs at once; what it throws rejects, as `StoreUnavailable`. */
function attempt<T>(file: string, run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      resolve(run());
    } catch (error) {
      reject(
        error instanceof StoreUnavailable
          ? error
          : new StoreUnavailable(`${file}: ${messageOf(error)}`, { cause: error }),
      );
    }
  });
}
