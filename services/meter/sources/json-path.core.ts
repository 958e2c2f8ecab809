import type { JsonPath } from "./source.port.ts";

type Part =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "where"; readonly key: string; readonly equals: string };

const MAX_PARTS = 20;

/** What is wrong with a path; null: nothing. */
export function problemOfPath(path: JsonPath): string | null {
  return partsOf(path) === null
    ? `"${path}" is no path into JSON; expected something like ENERGY.Power, emeters[0].power or actual[name=power].value`
    : null;
}

/** The number at a path; null where there is none. Text that is a plain decimal number counts: some devices quote. */
export function numberAt(document: unknown, path: JsonPath): number | null {
  const value = valueAt(document, path);
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null;
}

/**
 * What is at a path; undefined where nothing is. Keys match whatever their case: Tasmota scripts name them freely.
 * Index 0 of a plain value is the value: Tasmota writes one phase without a list.
 */
export function valueAt(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const part of partsOf(path) ?? [{ kind: "index", index: Infinity }]) {
    if (part.kind === "key") value = member(value, part.key);
    else if (part.kind === "where") value = entryWhere(value, part.key, part.equals);
    else if (Array.isArray(value)) value = (value as readonly unknown[])[part.index];
    else if (part.index !== 0 || (typeof value !== "number" && typeof value !== "string")) return undefined;
  }
  return value;
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const object = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(object, key)) return object[key];
  const folded = key.toLowerCase();
  const found = Object.keys(object).find(candidate => candidate.toLowerCase() === folded);
  return found === undefined ? undefined : object[found];
}

function entryWhere(value: unknown, key: string, equals: string): unknown {
  if (!Array.isArray(value)) return undefined;
  return (value as readonly unknown[]).find(entry => {
    const found = member(entry, key);
    return typeof found === "number" ? String(found) === equals : found === equals;
  });
}

function partsOf(path: JsonPath): readonly Part[] | null {
  const parts: Part[] = [];
  const pattern = /(?:^|\.)([^.[\]]+)|\[(\d{1,4})\]|\[([^=\]]+)=([^\]]+)\]/y;
  let at = 0;
  while (at < path.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(path);
    if (match === null || parts.length === MAX_PARTS) return null;
    const [whole, key, index, whereKey, equals] = match;
    if (key !== undefined) parts.push({ kind: "key", key });
    else if (index !== undefined) parts.push({ kind: "index", index: Number(index) });
    else parts.push({ kind: "where", key: whereKey ?? "", equals: equals ?? "" });
    at += whole.length;
  }
  return parts.length === 0 ? null : parts;
}
