import fc from "fast-check";
import t from "tap";
import { describe, parseAppointment, parseCommand } from "../../services/simulator/scenario.core.ts";

const names = { points: ["left", "right"], meters: ["mains", "ev-left"] };

t.test("understands every word it offers", async t => {
  const cases: [string, object, string][] = [
    ["house l2 18", { kind: "house", phase: "l2", addA: 18 }, "the house draws 18 A more on L2 until changed"],
    ["house l1 -4.5", { kind: "house", phase: "l1", addA: -4.5 }, "the house draws -4.5 A more on L1 until changed"],
    ["house l3 0", { kind: "house", phase: "l3", addA: 0 }, "the house draws nothing extra on L3"],
    ["house auto", { kind: "house-auto" }, "the house does as it likes"],
    ["roof 4000", { kind: "roof", powerW: 4000 }, "the roof gives 4000 W until changed"],
    ["roof clouds", { kind: "sky", sky: "clouds" }, "clouds pass"],
    ["roof clear", { kind: "sky", sky: "clear" }, "the sky is clear"],
    ["plug left", { kind: "plug", evseId: "left", plugged: true }, "left: car plugged in"],
    ["unplug right", { kind: "plug", evseId: "right", plugged: false }, "right: car unplugged"],
    ["car left full", { kind: "car", evseId: "left", order: "full" }, "left: the car is full"],
    ["car left wants", { kind: "car", evseId: "left", order: "wants" }, "left: the car wants energy"],
    ["car left 1p", { kind: "car", evseId: "left", order: "1p" }, "left: the car charges on one phase"],
    ["car left 3p", { kind: "car", evseId: "left", order: "3p" }, "left: the car charges on three phases"],
    [
      "car left stuck",
      { kind: "car", evseId: "left", order: "stuck" },
      "left: the car ignores the end of the pilot signal",
    ],
    ["car left obeys", { kind: "car", evseId: "left", order: "obeys" }, "left: the car follows the pilot again"],
    ["meter mains silent", { kind: "meter", meter: "mains", answers: false }, "meter mains is silent"],
    ["meter ev-left answers", { kind: "meter", meter: "ev-left", answers: true }, "meter ev-left answers"],
    ["board left reset", { kind: "board", evseId: "left", order: "reset" }, "board left: restarted"],
    ["board left silent", { kind: "board", evseId: "left", order: "silent" }, "board left: says nothing"],
    ["board left answers", { kind: "board", evseId: "left", order: "answers" }, "board left: answers again"],
    ["board left garbage", { kind: "board", evseId: "left", order: "garbage" }, "board left: sent garbage"],
    ["contactor left weld", { kind: "contactor", evseId: "left", welded: true }, "contactor left is welded shut"],
    ["contactor left free", { kind: "contactor", evseId: "left", welded: false }, "contactor left moves freely"],
    ["  Unplug   LEFT ", { kind: "plug", evseId: "left", plugged: false }, "left: car unplugged"],
  ];
  for (const [text, command, said] of cases) {
    const parsed = parseCommand(text, names);
    t.strictSame(parsed, { ok: true, value: command }, text);
    if (parsed.ok) t.equal(describe(parsed.value), said);
  }
});

t.test("tells what it does not understand, and what would be right", async t => {
  const cases: [string, RegExp][] = [
    ["", /nothing said; expected house l1\|l2\|l3 AMPERES, house auto, roof/],
    ["   ", /nothing said/],
    ["explode", /"explode" is not understood; expected house/],
    ["hause l2 18", /"hause" is not understood; .*unplug POINT/],
    ["house", /house \(nothing\): expected "house l1\|l2\|l3 AMPERES" or "house auto"/],
    ["house l4 18", /house "l4": expected "house l1\|l2\|l3/],
    ["house l2", /house l2 \(nothing\): expected a current of -200\.\.200 A/],
    ["house l2 lots", /house l2 "lots": expected a current/],
    ["house l2 201", /house l2 "201": expected a current of -200\.\.200 A/],
    ["house l2 0x10", /house l2 "0x10"/],
    ["house l2 1e2", /house l2 "1e2"/],
    ["house l2 NaN", /house l2 "nan"/],
    ["house l2 18 19", /house: "19" is too much/],
    ["house auto now", /house "auto"/],
    ["roof", /roof \(nothing\): expected 0\.\.100000 W, clear or clouds/],
    ["roof -1", /roof "-1": expected 0\.\.100000 W/],
    ["roof 100001", /roof "100001"/],
    ["roof rain", /roof "rain": expected .* clear or clouds/],
    ["roof clear 5", /roof: "5" is too much/],
    ["plug", /plug \(nothing\): expected one of left, right/],
    ["plug middle", /plug "middle": expected one of left, right/],
    ["unplug left right", /unplug left: "right" is too much/],
    ["car left", /car \(nothing\): expected one of full, wants, 1p, 3p, stuck, deaf, obeys/],
    ["car left 2p", /car "2p": expected one of full/],
    ["car full left", /car "full": expected one of left, right/],
    ["meter", /meter \(nothing\): expected one of mains, ev-left/],
    ["meter left silent", /meter "left": expected one of mains, ev-left/],
    ["meter mains off", /meter "off": expected one of silent, answers/],
    ["meter mains silent please", /meter: "please" is too much/],
    ["board left explode", /board "explode": expected one of reset, silent, answers, garbage/],
    ["board middle reset", /board "middle": expected one of left, right/],
    ["contactor left stuck", /contactor "stuck": expected one of weld, free/],
    ["at 60 s plug left", /"at" is not understood/],
  ];
  for (const [text, error] of cases) {
    const parsed = parseCommand(text, names);
    t.equal(parsed.ok, false, text);
    if (!parsed.ok) t.match(parsed.error, error, text);
  }
});

t.test("says so when there is nothing to name", async t => {
  const empty = { points: [], meters: [] };
  t.match(parseCommand("plug left", empty), { ok: false, error: /no charge point is simulated/ });
  t.match(parseCommand("meter mains silent", empty), { ok: false, error: /no meter is simulated/ });
});

t.test("a scenario line begins with its time", async t => {
  const plug = { kind: "plug", evseId: "left", plugged: true };
  t.strictSame(parseAppointment("at 60 s plug left", names), {
    ok: true,
    value: { atS: 60, words: "plug left", command: plug },
  });
  t.match(parseAppointment("at 1.5 min plug left", names), { ok: true, value: { atS: 90 } });
  t.match(parseAppointment("at 2 h plug left", names), { ok: true, value: { atS: 7200 } });
  const cases: [string, RegExp][] = [
    ["plug left", /names no time; expected "at 60 s \.\.\."/],
    ["", /names no time/],
    ["at", /"" is not a time/],
    ["at noon plug left", /"noon" is not a time/],
    ["at -5 s plug left", /"-5" is not a time/],
    ["at 60 plug left", /"plug" is not a unit of time; expected s, min or h/],
    ["at 60 days plug left", /"days" is not a unit of time/],
    ["at 60 s", /nothing said/],
    ["at 60 s plug middle", /plug "middle": expected one of left, right/],
  ];
  for (const [text, error] of cases) {
    const parsed = parseAppointment(text, names);
    t.equal(parsed.ok, false, text);
    if (!parsed.ok) t.match(parsed.error, error, text);
  }
});

t.test("any text is understood or refused with a reason, never more", async () => {
  const word = fc.constantFrom(
    "house",
    "l1",
    "auto",
    "roof",
    "plug",
    "left",
    "car",
    "full",
    "meter",
    "mains",
    "-1",
    "99",
    "at",
    "s",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 5 }).map(list => list.join(" ")),
      ),
      text => {
        const parsed = parseCommand(text, names);
        return parsed.ok ? describe(parsed.value).length > 0 : parsed.error.length > 0;
      },
    ),
  );
});
