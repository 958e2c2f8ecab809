import fc from "fast-check";
import t from "tap";
import { dutyPctOf, offerAOf, offerOf } from "../../shared/iec61851/duty.ts";
import { classifyHighV } from "../../shared/iec61851/pilot-class.ts";
import { cableCapacityA } from "../../shared/iec61851/proximity.ts";

t.test("the duty table of IEC 61851-1, never above the offer", async t => {
  const table: [number, number][] = [
    [6, 10],
    [8, 13.3],
    [10, 16.6],
    [13, 21.6],
    [16, 26.6],
    [20, 33.3],
    [25, 41.6],
    [32, 53.3],
    [40, 66.6],
    [48, 80],
    [51, 85],
    [52, 85],
    [60, 88],
    [63, 89.2],
    [80, 96],
  ];
  for (const [offerA, dutyPct] of table) t.equal(dutyPctOf(offerA), dutyPct, `${offerA} A`);
});

t.test("no offer is steady +12 V, whatever is asked below 6 A; above 80 A is 80 A [2.1-R]", async t => {
  for (const wish of [0, 3, 5.9, -1, -80, Number.NaN, -Infinity]) t.equal(dutyPctOf(wish), 100, String(wish));
  for (const wish of [81, 500, Infinity]) t.equal(dutyPctOf(wish), 96, String(wish));
});

t.test("a duty never signals more than the offer, and never leaves 10..96 % [2.1-R]", async () => {
  fc.assert(
    fc.property(fc.double({ min: 6, max: 100, noNaN: true }), offerA => {
      const duty = dutyPctOf(offerA);
      return duty >= 10 && duty <= 96 && offerAOf(duty) <= Math.min(offerA, 80) + 1e-9;
    }),
  );
});

t.test("more offered is never signalled as less", async () => {
  fc.assert(
    fc.property(fc.double({ min: 6, max: 80, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true }), (a, more) => {
      return offerAOf(dutyPctOf(Math.min(80, a + more))) >= offerAOf(dutyPctOf(a)) - 1e-9;
    }),
  );
});

t.test("an offer is 0 or 6..80 A in tenths, for any wish", async () => {
  fc.assert(
    fc.property(fc.double(), wish => {
      const offer = offerOf(wish);
      const tenths = Math.abs(offer * 10 - Math.round(offer * 10)) < 1e-9;
      return (offer === 0 || (offer >= 6 && offer <= 80 && offer <= wish + 1e-6)) && tenths;
    }),
  );
});

t.test("duties that offer nothing read as 0 A: digital communication, steady levels, forbidden gaps", async t => {
  for (const duty of [0, 3, 5, 7, 7.9, 97.1, 99, 100]) t.equal(offerAOf(duty), 0, `${duty} %`);
  t.equal(offerAOf(8), 6);
  t.equal(offerAOf(9.9), 6);
  t.equal(offerAOf(96.5), 80);
});

t.test("pilot voltages fall into their classes", async t => {
  const table: [number, string][] = [
    [12, "A"],
    [11, "A"],
    [9, "B"],
    [8, "B"],
    [6, "C"],
    [5, "C"],
    [3, "D"],
    [2, "D"],
    [0, "E"],
    [-12, "F"],
    [-5, "invalid"],
    [Number.NaN, "invalid"],
  ];
  for (const [volts, state] of table) t.equal(classifyHighV(volts), state, `${volts} V`);
});

t.test("the proximity resistor tells the cable, and the doubtful ones the smaller cable", async t => {
  const table: [number | null, number | null][] = [
    [100, 63],
    [220, 32],
    [680, 16],
    [1500, 13],
    [150, 32],
    [350, 16],
    [1000, 13],
    [3000, 13],
    [null, null],
    [20, null],
    [5000, null],
    [Number.NaN, null],
  ];
  for (const [ohm, capacity] of table) t.equal(cableCapacityA(ohm), capacity, `${ohm} ohm`);
});
