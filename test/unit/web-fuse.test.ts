import fc from "fast-check";
import t from "tap";
import { gaugeOf } from "../../services/api/web/src/model/fuse.ts";
import { exampleView } from "../support/site-view.ts";

const { mains } = exampleView();
const at = (currentA: number, houseA: number | null = null) =>
  gaugeOf("l2", {
    ...mains,
    currentA: { l1: 0, l2: currentA, l3: 0 },
    houseA: houseA === null ? null : { l1: 0, l2: houseA, l3: 0 },
  });

t.test("says in words how a phase stands against its fuse", async t => {
  t.strictSame(
    [14.2, 22.4, 22.5, 25, 25.1, -3.1].map(currentA => at(currentA).text),
    [
      "14.2 A of 25 A",
      "22.4 A of 25 A",
      "22.5 A of 25 A, near the fuse",
      "25.0 A of 25 A, near the fuse",
      "25.1 A of 25 A, over the fuse",
      "-3.1 A of 25 A, feeding in",
    ],
  );
});

t.test("without a reading the bar is empty and says so", async t => {
  const gauge = gaugeOf("l1", { ...mains, currentA: null, houseA: null });
  t.equal(gauge.text, "– A of 25 A, no reading");
  t.strictSame([gauge.houseShare, gauge.carsShare, gauge.beyondShare], [0, 0, 0]);
});

t.test("without a limit a current is shown and not judged", async t => {
  const gauge = gaugeOf("l2", { ...mains, limitA: null });
  t.equal(gauge.level, "fine");
  t.equal(gauge.fuseShare, 0);
});

t.test("house and cars share the bar; a feeding house leaves all of it to the cars", async t => {
  const mixed = at(20, 12.5);
  t.match(mixed, { houseShare: 0.4, carsShare: 0.24, fuseShare: 0.8 });
  const roof = at(10, -4);
  t.match(roof, { houseShare: 0, carsShare: 0.32 });
});

t.test("whatever is measured, the parts stay inside the bar and add up to the current", async () => {
  const currentA = fc.double({ min: -1000, max: 1000, noNaN: true });
  fc.assert(
    fc.property(currentA, fc.option(currentA), fc.integer({ min: 0, max: 600 }), (totalA, houseA, limitA) => {
      const three = (value: number) => ({ l1: value, l2: value, l3: value });
      const gauge = gaugeOf("l1", {
        ...mains,
        limitA,
        currentA: three(totalA),
        houseA: houseA === null ? null : three(houseA),
      });
      const shares = [gauge.houseShare, gauge.carsShare, gauge.fuseShare, gauge.beyondShare];
      const filled = gauge.houseShare + gauge.carsShare;
      return (
        shares.every(share => share >= 0 && share <= 1 + 1e-9) &&
        filled <= 1 + 1e-9 &&
        (gauge.level !== "over" || Math.abs(filled - gauge.fuseShare - gauge.beyondShare) < 1e-9)
      );
    }),
  );
});
