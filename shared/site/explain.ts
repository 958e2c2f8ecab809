import type { z } from "zod";
import { complaintsOf, type FormWords, type KnownKeys, type Path } from "../complaints.ts";
import { SiteFileError } from "../errors.ts";

const YAML: FormWords = {
  list: "a list",
  mapping: "a mapping",
  whole: "a mapping with site, chargePoints and services",
};

/** The error for what is wrong with a site file: every problem with its path, one per line where there are several. */
export function siteFileError(file: string, problems: readonly string[], options?: ErrorOptions): SiteFileError {
  const [first = "", ...more] = problems;
  const text = more.length === 0 ? ` ${first}` : `\n${problems.map(problem => `  ${problem}`).join("\n")}`;
  return new SiteFileError(`${file}:${text}`, options);
}

/**
 * zod's issues in the words of a site file: `chargePoints[0].serial: is missing; expected ...`. The issues must carry
 * their input (`reportInput`).
 */
export function explainIssues(error: z.ZodError, knownKeys: KnownKeys): readonly string[] {
  return complaintsOf(error, YAML, knownKeys).map(({ path, says, expected }) => {
    if (path.length > 0) return `${pathOf(path)}: ${says}`;
    return says.endsWith(", got null") ? `the file is empty; expected ${expected}` : says;
  });
}

/** `chargePoints[0].serial`; the whole file has no path. */
function pathOf(path: Path): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}
