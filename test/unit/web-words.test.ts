import fc from "fast-check";
import t from "tap";
import { age, amps, duration, energy, limitAmps, power } from "../../services/api/web/src/model/words.ts";

t.test("currents have one decimal, limits only where they need it, and what is not known is a dash", async t => {
  t.strictSame([11.24, 0, -0.04, -3.06].map(amps), ["11.2 A", "0.0 A", "0.0 A", "-3.1 A"]);
  t.strictSame([null, undefined].map(amps), ["– A", "– A"]);
  t.strictSame([25, 11.2, null].map(limitAmps), ["25 A", "11.2 A", "– A"]);
});

t.test("power is in watts below a kilowatt", async t => {
  t.strictSame([0, -3, 644, 994, 996, 7_728, -3_210, null].map(power), [
    "0 W",
    "0 W",
    "640 W",
    "990 W",
    "1.0 kW",
    "7.7 kW",
    "-3.2 kW",
    "– kW",
  ]);
});

t.test("energy, spans and ages read as a person says them", async t => {
  t.strictSame([0, 4_210, 99_999, 123_456].map(energy), ["0.00 kWh", "4.21 kWh", "100.00 kWh", "123 kWh"]);
  t.strictSame([-5, 59_999, 60_000, 3_599_999, 3_600_000, 7_500_000].map(duration), [
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h 00 min",
    "2 h 05 min",
  ]);
  t.strictSame([null, 0, 1_499, 1_500, 12_700, 90_000].map(age), [
    "never",
    "now",
    "now",
    "1 s ago",
    "12 s ago",
    "1 min ago",
  ]);
});

t.test("a span never says more than has passed", async () => {
  fc.assert(
    fc.property(fc.nat({ max: 200 * 3_600_000 }), spanMs => {
      const [hours = 0, minutes = 0, seconds = 0] = ["h", "min", "s"].map(unit =>
        Number(new RegExp(`(\\d+) ${unit}`).exec(duration(spanMs))?.[1] ?? 0),
      );
      const saidMs = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
      return saidMs <= spanMs && spanMs - saidMs < 60_000;
    }),
  );
});
