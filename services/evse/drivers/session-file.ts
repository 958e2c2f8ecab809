import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { keptSession } from "../../../shared/contracts/evse.ts";
import { putAside, replaceFile } from "../../../shared/durable-file.ts";
import { messageOf } from "../../../shared/errors.ts";
import { type KeptSessions, NOTHING_KEPT, type SessionKeeper, sessionSnapshot } from "../evse.port.ts";

const LAYOUT = 1;
const content = z.object({
  layout: z.literal(LAYOUT),
  open: sessionSnapshot.nullable(),
  ended: z.array(z.unknown()),
});

/**
 * Sessions of one charge point in one small file of the data directory: after a power cut it is there, whole. Nothing of it
 * blocks the control loop.
 */
export function sessionFile(dataDir: string, evseId: string): SessionKeeper {
  const file = join(dataDir, `sessions-${evseId}.json`);
  let newest: { readonly kept: KeptSessions; readonly written: Promise<void> } | null = null;
  let writing: Promise<void> = Promise.resolve();

  return {
    load() {
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        const { open, ended } = content.parse(JSON.parse(readFileSync(file, "utf8")));
        return { kept: { open, ended: ended.map(keptSession) }, problem: null };
      } catch (error) {
        if ((error as { code?: unknown }).code === "ENOENT") return { kept: NOTHING_KEPT, problem: null };
        return { kept: NOTHING_KEPT, problem: `${file}: ${describe(error)}; ${putAside(file)}` };
      }
    },
    save(kept) {
      // Whoever saves while a write is under way shares the next one: only the newest matters.
      if (newest !== null) {
        newest = { ...newest, kept };
        return newest.written;
      }
      const written = writing.then(() => {
        const latest = newest?.kept ?? kept;
        newest = null;
        return replaceFile(file, JSON.stringify({ layout: LAYOUT, ...latest }));
      });
      newest = { kept, written };
      writing = written.catch(() => undefined);
      return written;
    },
  };
}

function describe(error: unknown): string {
  return error instanceof z.ZodError ? z.prettifyError(error).replaceAll("\n", " ") : messageOf(error);
}
