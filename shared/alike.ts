/**
 * Whether two values of a fact are the same, whoever made them: plain objects, arrays, numbers, strings, booleans, null. For what
 * is compared on every input of a control loop, where writing both down as JSON costs more than the decision.
 */
export function alike(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one) as (keyof typeof one)[];
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every(key => Object.hasOwn(other, key) && alike(one[key], other[key]));
}
