import { StoreUnavailable } from "../../../shared/errors.ts";
import { attempt, inTransaction, openSqliteFile } from "../../../shared/store/sqlite-file.ts";
import type { CardBatch, CardStore, StoredCards } from "../cards.port.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS card (uid TEXT PRIMARY KEY, user TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS head (id INTEGER PRIMARY KEY CHECK (id = 1), version TEXT, note TEXT);
  INSERT OR IGNORE INTO head (id) VALUES (1);
`;

/** Cards in one SQLite file. Throws `StartRefused` when the file is in use or cannot be trusted. */
export function openSqliteCards(file: string): CardStore {
  const database = openSqliteFile({
    file,
    // "CARD"
    applicationId: 0x43415244,
    layout: 1,
    tables: TABLES,
    holds: "card",
    beginsWithout: "without cards",
    whenInUse: "stop that one, or give this one a DATA_DIR of its own",
  });
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
    inTransaction(database, () => {
      if (putVersion.run(batch.version, batch.baseVersion).changes !== 1) {
        throw new StoreUnavailable(
          `${file}: does not hold version ${String(batch.baseVersion)} any more; load it again`,
        );
      }
      for (const uid of batch.remove) removeCard.run(uid);
      for (const { uid, user } of batch.put) putCard.run(uid, user);
    });
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

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
