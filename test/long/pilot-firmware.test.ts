import { join } from "node:path";
import t from "tap";
import { serveBoard } from "../../services/simulator/board/tcp-board.ts";
import { frame } from "../../shared/evse-sysex/bits.ts";
import { encodeCommand } from "../../shared/evse-sysex/command.ts";
import { LiveAvrBoard } from "../support/avr-board/live-board.ts";
import { obeyAvr } from "../support/avr-board/words.ts";
import { plugIntoSerial } from "../support/board-cable.ts";
import { FirmwareSite, NO_CONTACTORS } from "../support/firmware-site.ts";
import { tempDir, until } from "../support/servers.ts";
import { type SiteProcess, startProgram } from "../support/site-process.ts";

t.setTimeout(900_000);

t.test("a session from plug-in to unplug, between the product's pilot service and the real firmware", async t => {
  const site = await FirmwareSite.start(t);
  const { point } = site;
  t.match(point.sensed, { link: "up", cp: "A", firmware: "EvsePilotFirmata 1.0", dutyPct: 100, faults: [] });
  site.grant(point, NO_CONTACTORS);
  point.say("pp 220");
  point.say("ev B");
  await site.pass(400);
  t.match(point.sensed, { cp: "B", diodeSeen: true, dutyPct: 26.6 });
  t.ok(Math.abs(point.board.dutyPct - 26.6) < 0.06);
  t.ok(Math.abs((point.sensed.ppOhm ?? 0) - 220) < 5);
  point.say("ev C");
  await site.pass(400);
  t.notOk(point.charging, "not without permission");
  site.grant(point, {});
  await site.pass(300);
  t.ok(point.charging);
  t.match(point.sensed, { cp: "C", contactorL1: true, contactorL23: true });
  site.grant(point, { offerA: 32 });
  await site.pass(20);
  t.ok(Math.abs(point.board.dutyPct - 53.3) < 0.06, "the offer follows");
  site.grant(point, { contactorL23: false });
  await site.pass(40);
  t.strictSame(point.board.contactors, { l1: true, l23: false }, "one phase");
  site.grant(point, {});
  await site.pass(300);
  point.say("ev A");
  const took = (await site.msUntilOpen(point, 100)) ?? 999;
  t.ok(took < 31, `${took} ms, by the board alone`);
  await site.pass(200);
  t.match(point.sensed, { cp: "A", contactorL1: false, openedLocally: true });
  point.say("ev C");
  await site.pass(1_000);
  t.notOk(point.charging, "an old permission does not close again");
  await site.grantAnew();
  t.ok(point.charging);
});

t.test("the control loop dies and comes back", async t => {
  const site = await FirmwareSite.start(t);
  const { point } = site;
  await site.charge();
  site.grant(point, {});
  site.grant(point, null);
  const took = (await site.msUntilOpen(point, 1_500)) ?? 9_999;
  t.ok(took >= 995 && took <= 1_006, `${took} ms`);
  t.match(point.sensed, { link: "up", dutyPct: 100, faults: ["watchdog-trip"], contactorL1: false });
  site.grant(point, {});
  await site.pass(1_000);
  t.strictSame(point.sensed.faults, []);
  await site.grantAnew();
  t.ok(point.charging);
});

t.test("with a safe current in the board, the charge goes on while the control loop is gone", async t => {
  const site = await FirmwareSite.start(t);
  const { point } = site;
  point.board.write(frame(encodeCommand({ kind: "setSafe", currentDeciA: 60, graceS: 4 })));
  await site.pass(100);
  point.cable.pull();
  await site.pass(100);
  point.cable.plugIn();
  await site.pass(2_500);
  t.equal(point.sensed.link, "up");
  await site.charge();
  t.ok(point.charging);
  site.grant(point, null);
  await site.pass(2_500);
  t.ok(point.charging, "nobody told it to stop");
  t.ok(Math.abs(point.board.dutyPct - 10) < 0.06, "6 A");
  site.grant(point, {});
  await site.pass(300);
  t.ok(point.charging);
  t.ok(Math.abs(point.board.dutyPct - 26.6) < 0.06, "and goes on with what is granted");
  site.grant(point, null);
  await site.pass(5_300);
  t.notOk(point.charging, "but not for ever");
  t.equal(point.board.dutyPct, 100);
});

t.test("residual current opens at once and waits for a person", async t => {
  const site = await FirmwareSite.start(t);
  const { point } = site;
  await site.charge();
  point.say("rcm 1");
  const took = (await site.msUntilOpen(point, 50)) ?? 999;
  t.ok(took < 0.1, `${took} ms`);
  await site.pass(200);
  t.strictSame(point.sensed.faults, ["rcm-trip", "rcm-line"]);
  point.say("rcm 0");
  await site.grantAnew();
  t.notOk(point.charging);
  site.grant(point, { ...NO_CONTACTORS, acknowledge: true });
  await site.pass(400);
  t.strictSame(point.sensed.faults, []);
  await site.grantAnew();
  t.ok(point.charging);
});

t.test("cable pulled, board reset, board hung: open, told, and charging again", async t => {
  const site = await FirmwareSite.start(t);
  const { point } = site;
  await site.charge();
  point.cable.pull();
  const took = (await site.msUntilOpen(point, 1_500)) ?? 9_999;
  t.ok(took > 700 && took <= 1_006, `${took} ms after the cable`);
  t.equal(point.sensed.link, "down");
  point.cable.plugIn();
  await site.pass(2_600);
  t.match(point.sensed, { link: "up", reconnects: 1 });
  await site.grantAnew();
  t.ok(point.charging);
  point.say("reset");
  t.strictSame(point.board.coils, { l1: false, l23: false });
  await site.pass(1_000);
  t.match(point.sensed, { link: "up", openedLocally: true });
  await site.grantAnew();
  t.ok(point.charging);
  point.say("hang");
  const hung = (await site.msUntilOpen(point, 200)) ?? 999;
  t.ok(hung < 70, `${hung} ms`);
  await site.pass(600);
  t.strictSame(point.sensed.faults, ["board-hang"]);
});

t.test("two boards in one process do not hear each other", async t => {
  const site = await FirmwareSite.start(t, ["left", "right"]);
  const [left, right] = site.points;
  if (left === undefined || right === undefined) throw new Error("two points expected");
  site.grant(right, { offerA: 20, ...NO_CONTACTORS });
  right.say("ev B");
  await site.charge(left);
  t.match(left.sensed, { evseId: "left", cp: "C", dutyPct: 26.6, contactorL1: true });
  t.match(right.sensed, { evseId: "right", cp: "B", dutyPct: 33.3, contactorL1: false });
  left.cable.pull();
  await site.pass(1_500);
  t.equal(left.sensed.link, "down");
  t.notOk(left.board.coils.l1);
  t.equal(right.sensed.link, "up");
  await site.charge(right);
  t.ok(right.charging);
});

t.test("a host process of its own, two boards, over TCP and over a serial line, in real time", async t => {
  const [left, right] = [new LiveAvrBoard(t), new LiveAvrBoard(t)];
  const directory = tempDir(t, "pilot-line");
  const [here, there] = [join(directory, "host"), join(directory, "board")];
  let served = await serveBoard({ board: left.board, port: 0 });
  let pull = await plugIntoSerial(right.board, here, there);
  t.teardown(() => Promise.all([served.close(), pull()]));
  for (const { board } of [left, right]) for (const words of ["pp 220", "ev C"]) obeyAvr(board, words);
  const start = (): SiteProcess =>
    startProgram(t, "test/support/pilot-host.ts", [`left=${served.port}`, `right=${here}`], {});
  const bothCharge = (): Promise<unknown> => until("both charge", () => left.charging && right.charging, 60_000);
  /** On the board's own clock, from the last byte of its host. */
  const opensByItself = async (live: LiveAvrBoard): Promise<void> => {
    await until("the board opens by itself", () => !live.charging, 60_000);
    const afterMs = (live.openedAtMs.at(-1) ?? Infinity) - live.lastByteAtMs;
    // The last byte need not have been of a heartbeat; those come with the grants, every 250 ms.
    t.ok(afterMs > 700 && afterMs <= 1_003, `${afterMs} ms after the last byte`);
  };

  const first = start();
  await first.says(/left: link up, cp C, contactor closed, faults none/);
  await first.says(/right: link up, cp C, contactor closed, faults none/);
  await bothCharge();

  right.say("rcm 1");
  const trippedAtMs = right.board.clock.now();
  await first.says(/right: link up, cp C, contactor open, faults rcm-trip rcm-line/);
  t.ok((right.openedAtMs[0] ?? Infinity) - trippedAtMs < 0.1, "residual current opens at once");
  right.say("rcm 0");
  left.say("ev A");
  const leftAtMs = left.board.clock.now();
  await first.says(/left: link up, cp A, contactor open/);
  t.ok((left.openedAtMs.find(at => at >= leftAtMs) ?? Infinity) - leftAtMs < 31, "unplugged: open by the board alone");
  left.say("ev C");
  await bothCharge();

  await Promise.all([served.close(), pull()]);
  await Promise.all([opensByItself(left), opensByItself(right)]);
  await first.says(/left: link down/);
  await first.says(/right: link down/);
  served = await serveBoard({ board: left.board, port: served.port });
  pull = await plugIntoSerial(right.board, here, there);
  await bothCharge();

  first.signal("SIGKILL");
  await first.ended;
  await Promise.all([opensByItself(left), opensByItself(right)]);
  start();
  await bothCharge();
});
