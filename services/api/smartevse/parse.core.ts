/** Parameters of one request by name; the first of several with one name counts. */
export type Params = ReadonlyMap<string, string>;

/** A value in a reply. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Reply = Readonly<Record<string, Json>>;

const MAX_DIGITS = 9;

/**
 * Optional blanks, optional sign, digits up to the first other character; nothing parsable gives 0 (spec interfaces,
 * reading rules). Clients send floats and rely on it. Numbers longer than any setting has saturate.
 */
export function leadingInt(text: string): number {
  const match = /^\s*([+-]?)(\d+)/.exec(text);
  if (match === null) return 0;
  const digits = (match[2] ?? "").replace(/^0+(?=\d)/, "");
  const size = digits.length > MAX_DIGITS ? 10 ** MAX_DIGITS : Number(digits);
  return match[1] === "-" && size !== 0 ? -size : size;
}

/** The parameter as a number; null when it is not there. */
export function intParam(params: Params, name: string): number | null {
  const text = params.get(name);
  return text === undefined ? null : leadingInt(text);
}

/** Local "YYYY-MM-DDTHH:MM" (seconds optional) as Unix seconds; 0 for anything that is no such time. */
export function localEpochS(text: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (match === null) return 0;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(part => Number(part || 0));
  if (hour > 23 || minute > 59 || second > 59) return 0;
  const date = new Date(year, month - 1, day, hour, minute, second);
  // The 31st of a shorter month rolls over into the next: not the time that was written.
  if (date.getMonth() !== month - 1 || date.getDate() !== day) return 0;
  return Math.floor(date.getTime() / 1000);
}

/** Puts replies together; objects under one key are merged. */
export function mergeReplies(replies: readonly Reply[]): Reply {
  const merged: Record<string, Json> = {};
  for (const reply of replies) {
    for (const [key, value] of Object.entries(reply)) {
      const before = merged[key];
      merged[key] = isObject(before) && isObject(value) ? mergeReplies([before, value]) : value;
    }
  }
  return merged;
}

function isObject(value: Json | undefined): value is Reply {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
