import type { z } from "zod";
import { SiteFileError } from "../errors.ts";
import { didYouMean } from "../nearest.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The keys that may stand at a path of the site file; empty where that is not known. */
export type KnownKeys = (path: Path) => readonly string[];

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
  return error.issues.flatMap(issue => explain(issue, knownKeys));
}

/** `chargePoints[0].serial`; the whole file has no path. */
export function pathOf(path: Path): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}

function explain(issue: Issue, knownKeys: KnownKeys): readonly string[] {
  const at = issue.path.length === 0 ? "" : `${pathOf(issue.path)}: `;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map(key => {
      const path = pathOf([...issue.path, key]);
      const hint = didYouMean(key, known);
      return `${path}: unknown key${hint === "" ? ";" : hint} expected ${known.join(", ")}`;
    });
  }
  const isWhole = issue.path.length === 0;
  const expected = isWhole ? "a mapping with site, chargePoints and services" : expectationOf(issue);
  const input = inputOf(issue);
  if (isWhole && input === null) return [`the file is empty; expected ${expected}`];
  return [
    input === undefined ? `${at}is missing; expected ${expected}` : `${at}expected ${expected}, got ${shown(input)}`,
  ];
}

function expectationOf(issue: Issue): string {
  // What the schema says itself is better than what can be said about any schema.
  if (issue.message.startsWith(LEAD)) return issue.message.slice(LEAD.length);
  switch (issue.code) {
    case "invalid_type":
      return NAMES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.map(String).join(" or ");
    case "invalid_union":
      return [...new Set(issue.errors.flat().map(expectationOf))].join(" or ");
    case "invalid_key":
      return `as key ${issue.issues.map(expectationOf).join("; ")}`;
    case "too_small":
      return boundOf(issue.origin, `at least ${issue.minimum}`);
    case "too_big":
      return boundOf(issue.origin, `at most ${issue.maximum}`);
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_element":
    case "unrecognized_keys":
    case "custom":
      return issue.message;
  }
}

function boundOf(origin: string, bound: string): string {
  if (origin === "string") return `text of ${bound} characters`;
  return origin === "array" ? `a list of ${bound} entries` : `a number of ${bound}`;
}

/** What messages of our own schemas begin with. */
const LEAD = "expected ";

const NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  string: "text",
  number: "a number",
  int: "a whole number",
};

/** A union told apart by a key complains at that key, but about the whole mapping. */
function inputOf(issue: Issue): unknown {
  const key = issue.path.at(-1);
  if (issue.code !== "invalid_union" || issue.discriminator !== key || key === undefined) return issue.input;
  return (issue.input as Readonly<Record<PropertyKey, unknown>>)[key];
}

/** What came, in YAML's own look and not longer than a line. */
function shown(input: unknown): string {
  if (typeof input === "number") return String(input);
  const text = JSON.stringify(input);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
