import type { z } from "zod";
import { didYouMean } from "./nearest.ts";

type Issue = z.core.$ZodIssue;
export type Path = readonly PropertyKey[];

/** The keys that may stand at a path; empty where that is not known. */
export type KnownKeys = (path: Path) => readonly string[];

/** What is wrong at one place of a value from outside: `<path>: <says>`, and what would be right. */
export interface Complaint {
  readonly path: Path;
  /** `expected 10..200 A, got 5`, `is missing; expected text`. */
  readonly says: string;
  /** The permitted alone: `10..200 A`. */
  readonly expected: string;
}

/** How the form in which the value came names its parts. */
export interface FormWords {
  readonly list: string;
  readonly mapping: string;
  /** What the whole must be. */
  readonly whole: string;
}

/**
 * zod's issues in words a person can act on. The issues must carry their input (`reportInput`). `permittedAt` is what is
 * right at a path where more is known than the schema says.
 */
export function complaintsOf(
  error: z.ZodError,
  words: FormWords,
  knownKeys: KnownKeys,
  permittedAt: (path: Path) => string | null = () => null,
): readonly Complaint[] {
  return error.issues.flatMap(issue => complaintsOfIssue(issue, words, knownKeys, permittedAt));
}

function complaintsOfIssue(
  issue: Issue,
  words: FormWords,
  knownKeys: KnownKeys,
  permittedAt: (path: Path) => string | null,
): readonly Complaint[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path);
    const expected = known.join(", ");
    return issue.keys.map(key => {
      const hint = didYouMean(key, known);
      return { path: [...path, key], says: `unknown key${hint === "" ? ";" : hint} expected ${expected}`, expected };
    });
  }
  const isWhole = path.length === 0 && issue.code === "invalid_type";
  const expected = permittedAt(path) ?? (isWhole ? words.whole : expectationOf(issue, words));
  const input = inputOf(issue);
  // A rule between several values is no complaint about one that came.
  if (issue.code === "custom" && path.length === 0) return [{ path, says: `expected ${expected}`, expected }];
  const says = input === undefined ? `is missing; expected ${expected}` : `expected ${expected}, got ${shown(input)}`;
  return [{ path, says, expected }];
}

function expectationOf(issue: Issue, words: FormWords): string {
  // What the schema says itself is better than what can be said about any schema.
  if (issue.message.startsWith(LEAD)) return issue.message.slice(LEAD.length);
  switch (issue.code) {
    case "invalid_type":
      return typeName(issue.expected, words);
    case "invalid_value":
      return issue.values.map(String).join(" or ");
    case "invalid_union":
      return [...new Set(issue.errors.flat().map(inner => expectationOf(inner, words)))].join(" or ");
    case "invalid_key":
      return `as key ${issue.issues.map(inner => expectationOf(inner, words)).join("; ")}`;
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

function typeName(type: string, { list, mapping }: FormWords): string {
  const names: Readonly<Record<string, string>> = {
    array: list,
    object: mapping,
    record: mapping,
    string: "text",
    number: "a number",
    int: "a whole number",
  };
  return names[type] ?? type;
}

/** A union told apart by a key complains at that key, but about the whole mapping. */
function inputOf(issue: Issue): unknown {
  const key = issue.path.at(-1);
  if (issue.code !== "invalid_union" || issue.discriminator !== key || key === undefined) return issue.input;
  return (issue.input as Readonly<Record<PropertyKey, unknown>>)[key];
}

/** What came, not longer than a line. */
function shown(input: unknown): string {
  if (typeof input === "number") return String(input);
  const text = textOf(input);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function textOf(input: unknown): string {
  try {
    return JSON.stringify(input);
  } catch {
    // A few thousand levels are more than the stack has.
    return "a value nested too deeply";
  }
}
