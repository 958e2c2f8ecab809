import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { SettingValue } from "../../../shared/contracts/settings.ts";
import { StartRefused, StoreUnavailable } from "../../../shared/errors.ts";
import { attempt, damaged, inTransaction, openSqliteFile, type SqliteFile } from "../../../shared/store/sqlite-file.ts";
import {
  AUDIT_ROWS,
  type AuditRow,
  type SettingsStore,
  type StoreBatch,
  type StoredSettings,
} from "../settings.port.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS setting (
    evse_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (evse_id, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
  INSERT OR IGNORE INTO revision (id, number) VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, row TEXT NOT NULL);
`;

/**
 * Settings in one SQLite file of the data directory, one fsync per batch.
 * Throws `StartRefused` when the directory is in use or the file cannot be trusted.
 */
export function openSqliteStore(dataDir: string): SettingsStore {
  const file = join(dataDir, "settings.db");
  const database = openReadable({
    file,
    // "EVSE"
    applicationId: 0x45565345,
    layout: 1,
    tables: TABLES,
    holds: "settings",
    beginsWithout: "with the settings of the site file",
    whenInUse: "stop that one, or give this one a DATA_DIR of its own",
  });
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
    inTransaction(database, () => {
      if (putRevision.run(batch.revision, batch.baseRevision).changes !== 1) {
        throw new StoreUnavailable(`${file}: does not hold revision ${batch.baseRevision} any more; load it again`);
      }
      for (const { key, evseId, value } of batch.values) putValue.run(evseId ?? "", key, JSON.stringify(value));
      for (const row of batch.audit) putAudit.run(JSON.stringify(row));
      trimAudit.run(AUDIT_ROWS);
    });
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

/** A value that cannot be read is found at the start, not when it is asked for. */
function openReadable(what: SqliteFile): DatabaseSync {
  const database = openSqliteFile(what);
  for (const row of database.prepare("SELECT key, value FROM setting").all()) {
    try {
      JSON.parse(String(row["value"]));
    } catch (error) {
      database.close();
      throw new StartRefused(damaged(what, `the value of ${String(row["key"])} is not JSON`), { cause: error });
    }
  }
  return database;
}
