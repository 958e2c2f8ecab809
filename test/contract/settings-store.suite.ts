import type t from "tap";
import {
  AUDIT_ROWS,
  type AuditRow,
  type SettingsStore,
  type StoreBatch,
} from "../../services/settings/settings.port.ts";
import { StoreUnavailable } from "../../shared/errors.ts";

/** A store on data of its own. */
export interface StoreUnderTest {
  /** Opens it; again after `close`, on the same data. */
  open(): SettingsStore;
  remove(): Promise<void>;
}

const row = (to: number): AuditRow => ({
  at: "2026-01-01T12:00:00.000Z",
  by: "rest",
  key: "current_main",
  evseId: null,
  from: 25,
  to,
});

function batch(baseRevision: number, values: StoreBatch["values"], audit: readonly AuditRow[] = []): StoreBatch {
  return { baseRevision, revision: baseRevision + 1, values, audit };
}

/** What every settings store must be able to do. */
export function settingsStoreSuite(
  tap: Pick<typeof t, "test">,
  name: string,
  create: () => Promise<StoreUnderTest>,
): void {
  tap.test(`${name}: a fresh store holds nothing, at revision 0`, async t => {
    const under = await create();
    const store = under.open();
    t.strictSame(await store.load(), { revision: 0, values: [] });
    t.strictSame(await store.audit(10), []);
    await store.close();
    await under.remove();
  });

  tap.test(`${name}: keeps every kind of value over a restart, of the site and of each point`, async t => {
    const under = await create();
    const values = [
      { key: "current_main", evseId: null, value: 40 },
      { key: "mqtt_host", evseId: null, value: 'broker/"with" \u20ac\nline' },
      { key: "intervals", evseId: null, value: [{ start: 420, power: 3500 }] },
      { key: "color_off", evseId: "left", value: [0, 128, 255] },
      { key: "current_max", evseId: "left", value: 13 },
      { key: "current_max", evseId: "right", value: 32 },
      { key: "starttime", evseId: "right", value: "" },
    ];
    const first = under.open();
    await first.put(batch(0, values));
    await first.close();
    const second = under.open();
    const loaded = await second.load();
    t.equal(loaded.revision, 1);
    t.same(byName(loaded.values), byName(values));
    await second.close();
    await under.remove();
  });

  tap.test(`${name}: replaces a value, and keeps the others`, async t => {
    const under = await create();
    const store = under.open();
    await store.put(
      batch(0, [
        { key: "current_min", evseId: null, value: 6 },
        { key: "current_main", evseId: null, value: 25 },
      ]),
    );
    await store.put(batch(1, [{ key: "current_main", evseId: null, value: 16 }]));
    const { revision, values } = await store.load();
    t.equal(revision, 2);
    t.same(
      byName(values).map(value => value.value),
      [16, 6],
    );
    await store.close();
    await under.remove();
  });

  tap.test(`${name}: refuses a batch that was judged against another revision, and writes nothing of it`, async t => {
    const under = await create();
    const store = under.open();
    await store.put(batch(0, [{ key: "current_main", evseId: null, value: 25 }], [row(25)]));
    const late = batch(0, [{ key: "current_main", evseId: null, value: 99 }], [row(99)]);
    await t.rejects(store.put(late), { code: "store.unavailable", message: /revision/ });
    t.strictSame(await store.load(), { revision: 1, values: [{ key: "current_main", evseId: null, value: 25 }] });
    t.strictSame(await store.audit(10), [row(25)]);
    await store.close();
    await under.remove();
  });

  tap.test(`${name}: tells the audit trail newest first and keeps the last ${AUDIT_ROWS} rows`, async t => {
    const under = await create();
    const store = under.open();
    const surplus = 20;
    const perBatch = 501;
    let to = 0;
    for (let revision = 0; to < AUDIT_ROWS + surplus; revision++) {
      const rows = Array.from({ length: Math.min(perBatch, AUDIT_ROWS + surplus - to) }, () => row(to++));
      await store.put(batch(revision, [], rows));
    }
    const kept = await store.audit(AUDIT_ROWS * 2);
    t.equal(kept.length, AUDIT_ROWS);
    t.strictSame([kept.at(0)?.to, kept.at(-1)?.to], [AUDIT_ROWS + surplus - 1, surplus]);
    t.equal((await store.audit(3)).length, 3);
    await store.close();
    await under.remove();
  });

  tap.test(`${name}: a closed store says that it is not available`, async t => {
    const under = await create();
    const store = under.open();
    await store.load();
    await store.close();
    await t.rejects(store.load(), StoreUnavailable);
    await t.rejects(store.put(batch(0, [])), StoreUnavailable);
    await under.remove();
  });
}

function byName(values: StoreBatch["values"]): StoreBatch["values"] {
  const name = (value: StoreBatch["values"][number]) => `${value.evseId ?? ""}/${value.key}`;
  return [...values].sort((a, b) => name(a).localeCompare(name(b)));
}
