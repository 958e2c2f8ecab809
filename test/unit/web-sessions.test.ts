import t from "tap";
import { sessionRows } from "../../services/api/web/src/model/sessions.ts";
import { evseSessionEnded } from "../../shared/contracts/evse.ts";
import type { StoredSession } from "../../shared/contracts/history.ts";

const STORED: StoredSession = {
  number: 7,
  evseId: "left",
  session: evseSessionEnded.example.session,
  split: { solarWh: 11_205, gridWh: 11_205, unknownWh: 0, source: "measured" },
};

t.test("a session is listed with its point, its begin, its energy and its share of sun", async t => {
  const begin = new Date(STORED.session.startedAt);
  const [row] = sessionRows([STORED], id => id.toUpperCase());
  t.match(row, { key: 7, point: "LEFT", energy: "22.41 kWh", detail: "charged for 3 h 03 min, 50 % sun" });
  t.ok(row?.when.startsWith(`${begin.getDate()} Jan`));
});

t.test("what is estimated says so; where nothing told of the sun, nothing is said", async t => {
  const estimated = { ...STORED, session: { ...STORED.session, energySource: "estimated" as const } };
  t.match(sessionRows([{ ...estimated, split: { ...STORED.split, source: "estimated" } }], String), [
    { energy: "22.41 kWh, estimated", detail: "charged for 3 h 03 min, about 50 % sun" },
  ]);
  t.match(sessionRows([{ ...STORED, split: { ...STORED.split, source: "none" } }], String), [
    { detail: "charged for 3 h 03 min" },
  ]);
  t.match(sessionRows([{ ...STORED, session: { ...STORED.session, energyWh: 0 } }], String), [
    { energy: "0.00 kWh", detail: "charged for 3 h 03 min" },
  ]);
});
