import t from "tap";
import type { SwitchFunction } from "../../services/evse/evse.config.ts";
import { pointSettingsOf } from "../../services/evse/evse.settings.ts";
import type { EvseSwitch } from "../../shared/contracts/evse.ts";
import { catalogue } from "../../shared/settings/catalogue/index.ts";
import { EvseRig, SMART } from "../support/evse-rig.ts";

/** What the switch asked the settings for, each wish once. */
function asked(rig: EvseRig): string[] {
  const wishes = rig.outputs.flatMap(output =>
    output.kind === "change-setting" ? [`${output.key} ${String(output.value)}`] : [],
  );
  return wishes.filter((wish, index) => wish !== wishes[index - 1]);
}

function events(rig: EvseRig): EvseSwitch[] {
  return rig.outputs.flatMap(output => (output.kind === "switch" ? [output.event] : []));
}

/** A point whose switch has this function and lies like that since before the start; the settings do what is asked. */
function withSwitch(switchFunction: SwitchFunction, closed: boolean, settings: Partial<typeof SMART> = {}): EvseRig {
  const rig = new EvseRig({ ...SMART, switchFunction, ...settings });
  return rig.cp("A", { switchClosed: closed }).run(500);
}

function turn(rig: EvseRig, closed: boolean, ms = 500): EvseRig {
  return rig.cp(rig.sensed.cp, { switchClosed: closed }).run(ms);
}

t.test("10.2 debounce: a change must last more than 110 ms [10.2-8]", async t => {
  const rig = withSwitch("access-switch", true);
  turn(rig, false, 100);
  turn(rig, true, 1_000);
  t.strictSame(events(rig), []);
  t.equal(rig.status.access, "on");
  turn(rig, false, 300);
  t.strictSame(events(rig), [{ evseId: "left", closed: false, heldMs: null }]);
  t.equal(rig.status.access, "off");
});

t.test("10.2 boot: toggle functions read the position, push buttons do not [10.2-8]", async t => {
  t.strictSame(asked(withSwitch("access-switch", false)), ["access off"]);
  t.strictSame(asked(withSwitch("access-switch", true, { access: "off" })), ["access on"]);
  t.strictSame(asked(withSwitch("mode-switch", false)), ["mode solar"]);
  t.strictSame(asked(withSwitch("mode-switch", true, { mode: "solar" })), ["mode smart"]);
  t.strictSame(asked(withSwitch("custom-switch", true)), ["custombutton true"]);
  for (const button of ["access-button", "mode-button", "custom-button", "disabled"] as const) {
    t.strictSame(asked(withSwitch(button, true)), [], button);
    t.strictSame(events(withSwitch(button, true)), [], button);
  }
});

t.test("10.2 after SWITCH was changed the position is read anew [10.2-8]", async t => {
  const rig = withSwitch("access-button", false);
  rig.settings({ switchFunction: "access-switch" }).run(200);
  t.strictSame(asked(rig), ["access off"]);
  const pushed = withSwitch("access-switch", true);
  pushed.settings({ switchFunction: "access-button" }).run(200);
  t.strictSame(asked(pushed), []);
});

t.test(
  "10.2 switch 0 Disabled: a press while charging stops, and charging goes on after 15 s [10.2-0, 1.4-30]",
  async t => {
    const rig = withSwitch("disabled", false).charging();
    t.equal(rig.status.state, "C2");
    turn(rig, true, 200);
    t.equal(rig.status.state, "C1");
    rig.cp("B").run(1_000);
    t.equal(rig.status.state, "B1");
    rig.cp("C").run(10_000);
    t.equal(rig.grant.contactorL1, false, "the car may be unplugged meanwhile");
    rig.run(8_000);
    t.equal(rig.status.state, "C2");
    t.strictSame(asked(rig), []);
  },
);

t.test("10.2 switch 1 Access B: a press toggles ON and OFF, PAUSE becomes ON [10.2-1]", async t => {
  const rig = withSwitch("access-button", false);
  turn(rig, true);
  t.equal(rig.status.access, "off", "OFF holds at once");
  rig.settings({ access: "off" });
  turn(rig, false);
  turn(rig, true);
  rig.settings({ access: "on" });
  t.strictSame(asked(rig), ["access off", "access on"]);
  const paused = withSwitch("access-button", false, { access: "pause" });
  turn(paused, true);
  t.strictSame(asked(paused), ["access on"]);
  t.equal(paused.status.access, "pause", "ON holds when the settings say so");
});

t.test("10.2 switch 2 Access S: closed is ON, open is OFF, also while the settings are away [10.2-2]", async t => {
  const rig = withSwitch("access-switch", true).charging();
  turn(rig, false, 200);
  t.equal(rig.status.state, "C1");
  rig.cp("B").run(60_000);
  t.equal(rig.status.access, "off", "an OFF is never given up");
  t.ok(rig.outputs.filter(output => output.kind === "change-setting").length > 20, "and asked for until it is stored");
  rig.settings({ access: "off" });
  turn(rig, true);
  t.equal(asked(rig).at(-1), "access on");
});

t.test("10.2 switch 3 Sma-Sol B: a short press changes Smart and Solar and ends the delay [10.2-3]", async t => {
  const rig = withSwitch("mode-button", false);
  turn(rig, true, 500);
  t.strictSame(asked(rig), [], "on release");
  turn(rig, false, 300);
  t.strictSame(asked(rig), ["mode solar"]);
  t.equal(rig.status.chargeDelayS, 0);
  const normal = withSwitch("mode-button", false, { mode: "normal" });
  turn(normal, true);
  turn(normal, false);
  t.strictSame(asked(normal), [], "from Normal: no effect");
  const off = withSwitch("mode-button", false, { access: "off" });
  turn(off, true);
  turn(off, false);
  t.strictSame(asked(off), [], "with access OFF: no effect");
});

t.test("10.2 switch 3 Sma-Sol B: held 1.5 s while charging stops, and acts once [10.2-3, 1.4-30]", async t => {
  const rig = withSwitch("mode-button", false).charging();
  turn(rig, true, 1_400);
  t.equal(rig.status.state, "C2");
  rig.run(400);
  t.equal(rig.status.state, "C1");
  rig.cp("B").run(1_000).cp("C").run(25_000);
  t.equal(rig.status.state, "C2", "still held, charging again");
  turn(rig, false);
  t.strictSame(asked(rig), [], "a long press changes no mode");
  t.equal(events(rig).at(-1)?.heldMs, 27_800);
});

t.test("10.2 switch 4 Sma-Sol S: closed is Smart, open is Solar [10.2-4]", async t => {
  const rig = withSwitch("mode-switch", true);
  turn(rig, false);
  rig.settings({ mode: "solar" });
  turn(rig, true);
  t.strictSame(asked(rig), ["mode solar", "mode smart"]);
  const normal = withSwitch("mode-switch", true, { mode: "normal" });
  turn(normal, false);
  t.strictSame(asked(normal), []);
});

t.test("10.2 switch 5 Grid Relay: an open or unreadable relay limits the site [10.2-5]", async t => {
  const rig = new EvseRig({ ...SMART, switchFunction: "grid-relay" });
  t.equal(rig.status.gridRelayOpen, true, "before it was read");
  turn(rig, true);
  t.equal(rig.status.gridRelayOpen, false);
  turn(rig, false, 200);
  t.equal(rig.status.gridRelayOpen, true);
  turn(rig, true);
  rig.boardSilent = true;
  rig.run(9_000);
  t.equal(rig.status.gridRelayOpen, false, "its last position holds for 10 s");
  rig.run(3_000);
  t.equal(rig.status.gridRelayOpen, true);
  rig.settings({ switchFunction: "disabled" }).run(200);
  t.equal(rig.status.gridRelayOpen, false, "another function ends the limit");
});

t.test("10.2 switch 6 Custom B: a press toggles the flag [10.2-6]", async t => {
  const rig = withSwitch("custom-button", false);
  turn(rig, true);
  rig.settings({ customFlag: true });
  turn(rig, false);
  turn(rig, true);
  t.strictSame(asked(rig), ["custombutton true", "custombutton false"]);
});

t.test("10.2 switch 7 Custom S: the flag follows the switch [10.2-7]", async t => {
  const rig = withSwitch("custom-switch", false, { customFlag: true });
  t.strictSame(asked(rig), ["custombutton false"]);
  rig.settings({ customFlag: false });
  turn(rig, true);
  t.strictSame(asked(rig), ["custombutton false", "custombutton true"]);
});

t.test("10.2 a release tells how long it was pressed [10.2-9]", async t => {
  const rig = withSwitch("custom-button", false);
  turn(rig, true, 700);
  turn(rig, false, 500);
  t.strictSame(events(rig), [
    { evseId: "left", closed: true, heldMs: null },
    { evseId: "left", closed: false, heldMs: 700 },
  ]);
});

t.test("a wish that its owner does not take is forgotten after 10 s", async t => {
  const rig = withSwitch("custom-button", false);
  turn(rig, true, 30_000);
  const times = rig.outputs.filter(output => output.kind === "change-setting").length;
  t.ok(times >= 4 && times <= 6, `asked ${times} times`);
});

t.test("a board that comes back with the switch moved: a position counts, a press does not", async t => {
  for (const [role, wishes] of [
    ["access-switch", ["access off"]],
    ["access-button", []],
  ] as const) {
    const rig = withSwitch(role, true);
    rig.boardSilent = true;
    rig.run(5_000);
    rig.boardSilent = false;
    turn(rig, false);
    t.strictSame(asked(rig), wishes, role);
  }
});

t.test("the switch's settings come from the catalogue; a node has no grid relay", async t => {
  const defaults = Object.fromEntries(catalogue.map(({ key, default: value }) => [key, value ?? 0]));
  const current = (point: object, site: object = {}) => ({
    revision: 1,
    site: { ...defaults, ...site },
    points: { left: { ...defaults, ...point } },
  });
  t.equal(pointSettingsOf(current({ switch: 5 }), "left").switchFunction, "grid-relay");
  t.equal(pointSettingsOf(current({ switch: 5 }, { loadbl: 2 }), "left").switchFunction, "disabled");
  t.equal(pointSettingsOf(current({ custombutton: 1 }), "left").customFlag, true);
});
