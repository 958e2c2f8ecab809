import { renameSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, StoreUnavailable } from "./errors.ts";

/**
 * Writes a new file, waits until the disk has it, and puts it in the place of the old one: after a power cut one of the two
 * is there, whole. Rejects with `StoreUnavailable`.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  try {
    const next = `${file}.next`;
    const handle = await open(next, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, file);
    const directory = await open(dirname(file), "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw new StoreUnavailable(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Keeps a damaged file for a person to look at; a second one replaces it. Says what became of it. */
export function putAside(file: string): string {
  const aside = `${file}.damaged`;
  try {
    renameSync(file, aside);
    return `put aside as ${aside}`;
  } catch (error) {
    return `it cannot be put aside: ${messageOf(error)}`;
  }
}
