import { join } from "node:path";
import type { SQLOutputValue } from "node:sqlite";
import { type ChargingSession, keptSession } from "../../../shared/contracts/evse.ts";
import type { EnergySplit, StoredSession } from "../../../shared/contracts/history.ts";
import { HistoryRefused, messageOf, StoreUnavailable } from "../../../shared/errors.ts";
import { inTransaction, openSqliteFile } from "../../../shared/store/sqlite-file.ts";
import {
  type HistoryStore,
  type KeptSplit,
  QUARTERS_KEPT,
  type Quarter,
  SESSIONS_KEPT,
  type SessionsQuery,
} from "../history.port.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS session (
    number INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL UNIQUE, evse_id TEXT NOT NULL,
    started_ms INTEGER NOT NULL, session TEXT NOT NULL, split TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS session_by_start ON session (started_ms, number);
  CREATE INDEX IF NOT EXISTS session_by_point ON session (evse_id, started_ms, number);
  CREATE TABLE IF NOT EXISTS running (session_id TEXT PRIMARY KEY, split TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS quarter (start_ms INTEGER PRIMARY KEY, peak_w REAL NOT NULL);
`;

type Row = Record<string, SQLOutputValue>;

/**
 * History in one SQLite file of the data directory. Throws `StartRefused` when the file is in use or cannot be trusted.
 */
export function openHistory(dataDir: string): HistoryStore {
  const file = join(dataDir, "history.db");
  const database = openSqliteFile({
    file,
    // "EVSH"
    applicationId: 0x45565348,
    layout: 1,
    tables: TABLES,
    holds: "history",
    beginsWithout: "an empty history",
    whenInUse: "history stands once per site",
  });
  const byId = database.prepare("SELECT number, session FROM session WHERE session_id = ?");
  const insert = database.prepare(
    "INSERT INTO session (session_id, evse_id, started_ms, session, split) VALUES (?, ?, ?, ?, ?)",
  );
  const trim = database.prepare("DELETE FROM session WHERE number <= (SELECT MAX(number) FROM session) - ?");
  const forget = database.prepare("DELETE FROM running WHERE session_id = ?");
  const forgetAll = database.prepare("DELETE FROM running");
  const putRunning = database.prepare("INSERT INTO running (session_id, split) VALUES (?, ?)");
  const putQuarter = database.prepare("INSERT OR REPLACE INTO quarter (start_ms, peak_w) VALUES (?, ?)");
  const trimQuarters = database.prepare(
    "DELETE FROM quarter WHERE start_ms <= (SELECT start_ms FROM quarter ORDER BY start_ms DESC LIMIT 1 OFFSET ?)",
  );

  function attempt<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof HistoryRefused) throw error;
      throw new StoreUnavailable(`${file}: ${messageOf(error)}`, { cause: error });
    }
  }

  function add(evseId: string, session: ChargingSession, split: EnergySplit): number {
    forget.run(session.sessionId);
    for (let copy = 1; ; copy += 1) {
      const sessionId = copy === 1 ? session.sessionId : `${session.sessionId}-${copy}`;
      const body = JSON.stringify({ ...session, sessionId });
      const there = byId.get(sessionId);
      if (there === undefined) {
        const { lastInsertRowid } = insert.run(
          sessionId,
          evseId,
          Date.parse(session.startedAt),
          body,
          JSON.stringify(split),
        );
        trim.run(SESSIONS_KEPT);
        return Number(lastInsertRowid);
      }
      if (there["session"] === body) return Number(there["number"]);
    }
  }

  function page(query: SessionsQuery): { sessions: StoredSession[]; next: string | null } {
    const forward = query.order === "oldest-first";
    const where = ["TRUE"];
    const values: (string | number)[] = [];
    const narrow = (condition: string, ...args: (string | number)[]): void => {
      where.push(condition);
      values.push(...args);
    };
    if (query.evseId !== null) narrow("evse_id = ?", query.evseId);
    if (query.from !== null) narrow("started_ms >= ?", Date.parse(query.from));
    if (query.to !== null) narrow("started_ms < ?", Date.parse(query.to));
    if (query.after !== null) narrow(`(started_ms, number) ${forward ? ">" : "<"} (?, ?)`, ...cursorOf(query.after));
    const order = forward ? "started_ms, number" : "started_ms DESC, number DESC";
    // One more than asked for tells whether there is a next page.
    const rows = database
      .prepare(`SELECT * FROM session WHERE ${where.join(" AND ")} ORDER BY ${order} LIMIT ?`)
      .all(...values, query.limit + 1);
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    const more = rows.length > shown.length && last !== undefined;
    return {
      sessions: shown.map(storedSessionOf),
      next: more ? `${String(last["started_ms"])}.${String(last["number"])}` : null,
    };
  }

  return {
    add: ({ evseId, session, split }) => attempt(() => inTransaction(database, () => add(evseId, session, split))),
    sessions: query => attempt(() => page(query)),
    keepRunning: (splits, quarters) =>
      attempt(() =>
        inTransaction(database, () => {
          forgetAll.run();
          for (const split of splits) putRunning.run(split.sessionId, JSON.stringify(split));
          for (const { startMs, peakW } of quarters) putQuarter.run(startMs, peakW);
          trimQuarters.run(QUARTERS_KEPT);
        }),
      ),
    runningSplits: () =>
      attempt(() =>
        database
          .prepare("SELECT split FROM running")
          .all()
          .map(row => JSON.parse(String(row["split"])) as KeptSplit),
      ),
    quartersFrom: startMs =>
      attempt(() =>
        database
          .prepare("SELECT start_ms, peak_w FROM quarter WHERE start_ms >= ? ORDER BY start_ms")
          .all(startMs)
          .map((row): Quarter => ({ startMs: Number(row["start_ms"]), peakW: Number(row["peak_w"]) })),
      ),
    close: () => attempt(() => database.close()),
  };
}

function storedSessionOf(row: Row): StoredSession {
  return {
    number: Number(row["number"]),
    evseId: String(row["evse_id"]),
    session: keptSession(JSON.parse(String(row["session"]))),
    split: JSON.parse(String(row["split"])) as EnergySplit,
  };
}

function cursorOf(after: string): [number, number] {
  const [, startedMs, number] = /^(-?\d{1,16})\.(\d{1,16})$/.exec(after) ?? [];
  if (startedMs !== undefined && number !== undefined) return [Number(startedMs), Number(number)];
  throw new HistoryRefused(`after: expected \`next\` of the page before, got ${JSON.stringify(after)}`);
}
