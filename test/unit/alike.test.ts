import fc from "fast-check";
import t from "tap";
import { alike } from "../../shared/alike.ts";

t.test("two values are alike when they say the same as JSON, whoever made them", async t => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const copy: unknown = JSON.parse(JSON.stringify(one));
      // As JSON there is no -0.
      return alike(copy, JSON.parse(JSON.stringify(copy))) && (!alike(one, other) || equalJson(one, other));
    }),
  );
  t.ok(alike({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 }), "the order of keys says nothing");
  t.notOk(alike({ a: 1 }, { a: 1, b: 2 }));
  t.notOk(alike({ a: undefined }, { b: undefined }));
  t.notOk(alike([1], [1, 2]));
  t.notOk(alike(null, {}));
  t.notOk(alike([], {}), "a list is no record");
});

function equalJson(one: unknown, other: unknown): boolean {
  const sorted = (value: unknown): string =>
    JSON.stringify(value, (_key, inner: unknown) =>
      inner !== null && typeof inner === "object" && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    );
  return sorted(one) === sorted(other);
}
