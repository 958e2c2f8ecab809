import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SettingValue } from "../../../shared/contracts/settings.ts";
import { messageOf, StartRefused, StoreUnavailable } from "../../../shared/errors.ts";
import {
  AUDIT_ROWS,
  type AuditRow,
  type SettingsStore,
  type StoreBatch,
  type StoredSettings,
} from "../settings.port.ts";

/** Layout of the tables below; a file of another layout is refused, never reinterpreted. */
const LAYOUT = 1;
/** "EVSE" in ASCII: tells our file from any other SQLite file. */
const APPLICATION_ID = 0x45565345;
/** Primary result codes of SQLite that mean "somebody holds the lock" (SQLITE_BUSY, SQLITE_LOCKED). */
const LOCKED = [5, 6];

const TABLES = `
  CREATE TABLE IF NOT EXISTS setting (
    evse_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (evse_id, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
  INSERT OR IGNORE INTO revision (id, number) VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, row TEXT NOT NULL);
`;

/**
 * Settings in one SQLite file of the data directory. WAL with synchronous=FULL: one fsync per batch, and a batch
 * that was acknowledged outlives a kill and a power cut. The lock is held for as long as the store is open; the
 * kernel releases it when the process ends, however it ends.
 * Throws `StartRefused` when the directory is in use or the file cannot be trusted.
 */
export function openSqliteStore(dataDir: string): SettingsStore {
  const file = join(dataDir, "settings.db");
  const database = openLocked(dataDir, file);
  const putValue = database.prepare("INSERT OR REPLACE INTO setting (evse_id, key, value) VALUES (?, ?, ?)");
  const putRevision = database.prepare("UPDATE revision SET number = ? WHERE id = 1 AND number = ?");
  const putAudit = database.prepare("INSERT INTO audit (row) VALUES (?)");
  const trimAudit = database.prepare("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?");

  function load(): StoredSettings {
    const revision = database.prepare("SELECT number FROM revision WHERE id = 1").get();
    const rows = database.prepare("SELECT evse_id, key, value FROM setting ORDER BY evse_id, key").all();
    return {
      revision: Number(revision?.["number"]),
      values: rows.map(row => ({
        key: String(row["key"]),
        evseId: row["evse_id"] === "" ? null : String(row["evse_id"]),
        value: JSON.parse(String(row["value"])) as SettingValue,
      })),
    };
  }

  function put(batch: StoreBatch): void {
    database.exec("BEGIN IMMEDIATE");
    try {
      if (putRevision.run(batch.revision, batch.baseRevision).changes !== 1) {
        throw new StoreUnavailable(`${file}: does not hold revision ${batch.baseRevision} any more; load it again`);
      }
      for (const { key, evseId, value } of batch.values) putValue.run(evseId ?? "", key, JSON.stringify(value));
      for (const row of batch.audit) putAudit.run(JSON.stringify(row));
      trimAudit.run(AUDIT_ROWS);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  function audit(limit: number): readonly AuditRow[] {
    const rows = database.prepare("SELECT row FROM audit ORDER BY id DESC LIMIT ?").all(limit);
    return rows.map(row => JSON.parse(String(row["row"])) as AuditRow);
  }

  return {
    load: () => attempt(file, load),
    put: batch => attempt(file, () => put(batch)),
    audit: limit => attempt(file, () => audit(limit)),
    close: () => attempt(file, () => database.close()),
  };
}

function openLocked(dataDir: string, file: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // Secrets lie in it: readable by its owner alone. SQLite gives its side files the same mode.
    closeSync(openSync(file, "a", 0o600));
    database = new DatabaseSync(file, { timeout: 0 });
    // Exclusive before WAL: the lock is then held from the first access until the file is closed.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("BEGIN IMMEDIATE; COMMIT");
    requireSound(database, file);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StartRefused) throw error;
    throw new StartRefused(reasonFor(error, dataDir, file), { cause: error });
  }
}

function requireSound(database: DatabaseSync, file: string): void {
  const owner = pragma(database, "application_id");
  const layout = pragma(database, "user_version");
  const tables = Number(database.prepare("SELECT COUNT(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  if (tables > 0 && owner !== APPLICATION_ID) {
    throw new StartRefused(`${file}: is an SQLite file of another program; move it away or choose another DATA_DIR`);
  }
  if (layout > LAYOUT) {
    throw new StartRefused(
      `${file}: was written by a newer version (layout ${layout}, this one knows ${LAYOUT}); start that version, or move the file away to begin with the settings of the site file`,
    );
  }
  const check = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (check !== "ok") throw new StartRefused(damaged(file, String(check)));
  database.exec(`BEGIN IMMEDIATE; ${TABLES}
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${LAYOUT}; COMMIT`);
  for (const row of database.prepare("SELECT key, value FROM setting").all()) {
    try {
      JSON.parse(String(row["value"]));
    } catch (error) {
      throw new StartRefused(damaged(file, `the value of ${String(row["key"])} is not JSON`), { cause: error });
    }
  }
}

function reasonFor(error: unknown, dataDir: string, file: string): string {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== "number") return `${dataDir}: cannot be used as data directory: ${messageOf(error)}`;
  if (LOCKED.includes(code & 0xff)) {
    return `${dataDir}: data directory is in use by another process; stop that one, or give this one a DATA_DIR of its own`;
  }
  return damaged(file, messageOf(error));
}

function damaged(file: string, detail: string): string {
  return `${file}: damaged or not a settings file (${detail}); restore a copy of it, or move it away to begin with the settings of the site file`;
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
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
