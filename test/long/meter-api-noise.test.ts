import t from "tap";
import { leadingInt } from "../../services/api/smartevse/parse.core.ts";
import { subscribe } from "../../shared/bus/bus.ts";
import { type MeterReading, meterReading } from "../../shared/contracts/meter.ts";
import { startApiSite } from "../support/api-site.ts";
import { garble, manglers, randomOf } from "../support/mangle.ts";

t.setTimeout(300_000);

const DAMAGED = 10_000;
const API_METER = 9;

/** What a query says to whoever reads it as SmartEVSE does: the digits a value begins with; null where one is missing. */
function told(query: string): string | null {
  const params = new URLSearchParams(query);
  const values = ["L1", "L2", "L3"].map(name => params.get(name));
  return values.some(value => value === null) ? null : keyOf(values.map(value => leadingInt(value ?? "") / 10));
}

function keyOf(amps: readonly number[]): string {
  return amps.map(value => value.toFixed(1).replace("-0.0", "0.0")).join(" ");
}

t.test("ten thousand mangled POST /currents: what is believed was said, and the next good one is heard", async t => {
  const site = await startApiSite(`{ site: { mains_meter: ${API_METER} } }`);
  t.teardown(() => site.stop());
  const believed: MeterReading[] = [];
  site.broker.createService({
    name: "watch",
    events: subscribe(meterReading, reading => {
      if (reading.role === "mains") believed.push(reading);
    }),
  });
  await site.broker.waitForServices(["watch"]);
  const random = randomOf(4_711);
  const mangle = garble([...manglers.anyByte, ...manglers.anyCut]);
  const permitted = new Set<string>();
  let damaged = 0;
  const unanswered: string[] = [];
  for (let sent = 0; damaged < DAMAGED; sent += 1) {
    const deci = 60 + (sent % 300);
    const good = `L1=${deci}&L2=-${deci}&L3=${deci + 1}`;
    const said = random() < 0.9 ? mangle(good, random) : good;
    if (said !== good) damaged += 1;
    // As it goes over the wire: what no URL may hold is escaped.
    const query = said.replace(/[^\x21-\x7e]|#/g, character => encodeURIComponent(character));
    const says = told(query);
    if (says !== null) permitted.add(says);
    site.clock.advance(20);
    const { status } = await site.ask(`/currents?${query}`, { method: "POST", headers: { "Content-Length": "0" } });
    if (status >= 500) unanswered.push(`${status} to ${query}`);
  }
  site.clock.advance(20);
  t.match(await site.ask("/currents?L1=77&L2=77&L3=77", { method: "POST", headers: { "Content-Length": "0" } }), {
    status: 200,
  });
  t.match(believed.at(-1)?.currentA, { l1: 7.7, l2: 7.7, l3: 7.7 }, "the next good one is heard");
  permitted.add(keyOf([7.7, 7.7, 7.7]));
  t.ok(believed.length > 500, `${believed.length} samples were believed`);
  const wrong = believed.filter(({ currentA: { l1, l2, l3 } }) => !permitted.has(keyOf([l1, l2, l3])));
  t.strictSame(wrong.slice(0, 3), [], `${wrong.length} wrong values of ${believed.length} believed`);
  t.ok(
    believed.every(({ currentA }) => Object.values(currentA).every(amps => Math.abs(amps) <= 200)),
    "nor a wild one",
  );
  t.strictSame(unanswered.slice(0, 3), [], "each was answered");
});
