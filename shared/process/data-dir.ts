import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf, StartRefused } from "../errors.ts";

/** Locks in force. A database nobody refers to is collected, and its lock with it. */
const held = new Set<DatabaseSync>();

/**
 * Holds the data directory for one node of one site, so that a second start is told instead of fighting over boards,
 * ports and the node's name on NATS. The lock is SQLite's: the operating system lets go of it when the process dies,
 * however it dies.
 */
export function holdDataDir(dataDir: string, node: string): () => void {
  const lockFile = join(dataDir, `${node}.lock`);
  const pidFile = join(dataDir, `${node}.pid`);
  try {
    // What is kept here is nobody else's: settings hold secrets.
    makeDir(dataDir);
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new StartRefused(
      `the data directory ${dataDir} cannot be made or written to (${messageOf(error)}); choose another with DATA_DIR`,
      { cause: error },
    );
  }
  const lock = openLock(lockFile, dataDir, pidFile);
  held.add(lock);
  writeFileSync(pidFile, `${process.pid}\n`);
  return () => {
    held.delete(lock);
    lock.close();
  };
}

/** One level after the other: Node's own `recursive` never returns where a file system takes no directories (/proc). */
function makeDir(dir: string): void {
  if (existsSync(dir) && statSync(dir).isDirectory()) return;
  if (dirname(dir) !== dir) makeDir(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}

function openLock(lockFile: string, dataDir: string, pidFile: string): DatabaseSync {
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(lockFile);
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
    return lock;
  } catch (error) {
    lock?.close();
    if (isLocked(error)) {
      throw new StartRefused(
        `another edge-evse${holder(pidFile)} already runs on the data directory ${dataDir}; ` +
          "stop it, or give this one a directory of its own with DATA_DIR=... and a port with HTTP_PORT=...",
        { cause: error },
      );
    }
    throw new StartRefused(
      `the data directory ${dataDir} cannot be used (${messageOf(error)}); choose another with DATA_DIR`,
      {
        cause: error,
      },
    );
  }
}

/** Primary result codes of SQLite that mean "somebody holds the lock" (SQLITE_BUSY, SQLITE_LOCKED). */
function isLocked(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" && [5, 6].includes(code & 0xff);
}

function holder(pidFile: string): string {
  try {
    return ` (process ${readFileSync(pidFile, "utf8").trim()})`;
  } catch {
    // The holder has not written it yet; the message is complete without.
    return "";
  }
}
