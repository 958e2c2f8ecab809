/** Words for people: they may be said better. */
const PROSE = ["description", "title"];

/** Lists of schemas: each is compared with what stands in its place. */
const BY_PLACE = ["anyOf", "prefixItems"];

/**
 * What of an old schema a new one no longer says, in words; empty = only additions. Added properties, and words added to
 * a list of words, are additions, and so is a further form beside words: everything of one version is deployed together, and outsiders ignore what they do
 * not know. A type, a bound or a name that changed is a redefinition: it needs a new contract name.
 */
export function redefinitions(before: unknown, after: unknown, path: string): readonly string[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const key = path.slice(path.lastIndexOf(".") + 1);
    if (BY_PLACE.includes(key))
      return before.flatMap((old, index) => redefinitions(old, after[index], `${path}[${index}]`));
    const lost = before.filter(word => !after.includes(word));
    return lost.map(word => `${path}: ${JSON.stringify(word)} is gone`);
  }
  if (isRecord(before) && isRecord(after)) {
    const [first] = Array.isArray(after["anyOf"]) ? (after["anyOf"] as readonly unknown[]) : [];
    if (Array.isArray(before["enum"]) && first !== undefined) return redefinitions(before, first, path);
    return Object.keys(before)
      .filter(key => !(PROSE.includes(key) && typeof before[key] === "string"))
      .flatMap(key =>
        key in after
          ? redefinitions(before[key], after[key], path === "" ? key : `${path}.${key}`)
          : [`${path}.${key}: is gone`],
      );
  }
  if (before === after) return [];
  return [`${path}: was ${JSON.stringify(before)}, is ${(JSON.stringify(after) as string | undefined) ?? "gone"}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
