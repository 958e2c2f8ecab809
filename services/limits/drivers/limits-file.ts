import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { putAside, replaceFile } from "../../../shared/durable-file.ts";
import { messageOf } from "../../../shared/errors.ts";
import { keptLimits, type LimitsKeeper, NOTHING_KEPT } from "../limits.port.ts";

const LAYOUT = 1;
const content = keptLimits.unwrap().extend({ layout: z.literal(LAYOUT) });

/** The limits of a site in one small file of the data directory: after a power cut it is there, whole. */
export function limitsFile(dataDir: string): LimitsKeeper {
  const file = join(dataDir, "limits.json");
  let writing: Promise<void> = Promise.resolve();

  return {
    load() {
      try {
        mkdirSync(dataDir, { recursive: true, mode: 0o700 });
        const { limits, quarter } = content.parse(JSON.parse(readFileSync(file, "utf8")));
        return { kept: { limits, quarter }, problem: null };
      } catch (error) {
        if ((error as { code?: unknown }).code === "ENOENT") return { kept: NOTHING_KEPT, problem: null };
        return { kept: NOTHING_KEPT, problem: `${file}: ${describe(error)}; ${putAside(file)}` };
      }
    },
    save(kept) {
      const written = writing.then(() => replaceFile(file, JSON.stringify({ layout: LAYOUT, ...kept })));
      writing = written.catch(() => undefined);
      return written;
    },
  };
}

function describe(error: unknown): string {
  return error instanceof z.ZodError ? z.prettifyError(error).replaceAll("\n", " ") : messageOf(error);
}
