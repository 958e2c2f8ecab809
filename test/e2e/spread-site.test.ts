import t from "tap";
import { balancerAllocation } from "../../shared/contracts/balancer.ts";
import type { Fact } from "../../shared/contracts/define.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { type PilotSensed, pilotSensed } from "../../shared/contracts/pilot.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { dutyPctOf } from "../../shared/iec61851/duty.ts";
import { startNats, until } from "../support/servers.ts";
import { lookOn, NODES, type PointId, spreadSite, untilCar } from "../support/spread-site.ts";

// Real time, real processes: waits are generous, and only what is stated to be quick is held to a bound.
t.setTimeout(900_000);

const charging = (currentA: number): boolean => currentA >= 5.5;
const nothing = (currentA: number): boolean => currentA < 0.5;

t.test("a site of seven processes over NATS with user and password", async t => {
  const nats = await startNats(t);
  const site = await spreadSite(t, { natsPort: nats.port });
  site.startAll();
  let onlooker = await lookOn(t, nats.port);
  const status = (point: PointId) => onlooker.last(`edge.spread.evse.${point}.status`) as EvseStatus | undefined;
  const sensed = (point: PointId) => onlooker.last(`edge.spread.pilot.${point}.sensed`) as PilotSensed | undefined;

  async function bothCharge(): Promise<void> {
    await untilCar(site, "left", "charges", charging, 120_000);
    await untilCar(site, "right", "charges", charging, 120_000);
  }

  await t.test("both cars charge", bothCharge);

  await t.test("any NATS client reads clean JSON on edge.<site>.<service>.<id>.<fact>", async t => {
    const told: readonly (readonly [string, Fact])[] = [
      ["edge.spread.meter.mains.reading", meterReading],
      ["edge.spread.meter.ev-left.reading", meterReading],
      ["edge.spread.balancer.left.allocation", balancerAllocation],
      ["edge.spread.evse.left.status", evseStatus],
      ["edge.spread.pilot.right.sensed", pilotSensed],
      ["edge.spread.settings.site.current", settingsCurrent],
    ];
    for (const [subject, fact] of told) {
      const payload = await until(subject, () => onlooker.last(subject));
      t.ok(fact.payload.safeParse(payload).success, subject);
    }
    t.notOk([...onlooker.subjects].some(subject => !subject.startsWith("edge.spread.")));
  });

  await t.test("a mains overload lowers the duty cycle on the board, and says which phase it was", async t => {
    await until("left draws its full current", () => (status("left")?.offerA ?? 0) >= 15);
    const before = await until("the board drives it", () => {
      const duty = sensed("left")?.dutyPct ?? 100;
      return duty >= dutyPctOf(14) && duty < 100 && duty;
    });
    await site.tell("house l2 22");
    // 40 A fuse, 22 A + 1 A of house, two cars: at most 8.5 A each.
    const after = await until("the duty falls", () => {
      const duty = sensed("left")?.dutyPct ?? 100;
      return duty < dutyPctOf(10) && duty;
    });
    t.ok(after < before, `${before} % before, ${after} % after`);
    await untilCar(site, "left", "draws less", currentA => currentA <= 10);
    const told = await until("the reason", () => {
      const now = status("left");
      return now?.boundBy === "mains.l2" && now;
    });
    t.match(told.reason, /L2/);
    await site.tell("house auto");
    await until("the offer comes back", () => (status("left")?.offerA ?? 0) >= 15, 120_000);
  });

  await t.test("a point process that is killed leaves its contactor open, and its neighbour charging", async t => {
    site.process("left").signal("SIGKILL");
    const from = performance.now();
    await untilCar(site, "left", "stops", nothing, 20_000);
    t.comment(`open after ${Math.round(performance.now() - from)} ms`);
    t.ok(charging(await site.carA("right")), "right goes on");
    site.start("left");
    await untilCar(site, "left", "charges again", charging, 120_000);
  });

  await t.test("Ctrl-C on a point opens its contactor before it ends", async t => {
    const left = site.process("left");
    left.signal("SIGINT");
    t.equal(await left.ended, 0);
    t.match(left.said(), /stopping: contactors open/);
    await untilCar(site, "left", "stops", nothing, 5_000);
    site.start("left");
    await untilCar(site, "left", "charges again", charging, 120_000);
  });

  await t.test("without a balancer nothing is offered, and it comes back by itself", async t => {
    site.process("balancer").signal("SIGKILL");
    await untilCar(site, "left", "stops", nothing, 30_000);
    await untilCar(site, "right", "stops", nothing, 30_000);
    const told = await until("the reason", () => {
      const now = status("left");
      return now?.boundBy === "balancer-silent" && now;
    });
    t.equal(told.offerA, 0);
    site.start("balancer");
    await bothCharge();
  });

  await t.test("with NATS gone charging goes safe in every process, and comes back by itself", async t => {
    const from = site.process("left").said().length;
    await nats.kill();
    await untilCar(site, "left", "stops", nothing, 30_000);
    await untilCar(site, "right", "stops", nothing, 30_000);
    await site.process("left").says(/^left: not charging/m, { from });
    for (const node of NODES) t.equal(site.process(node).child.exitCode, null, `${node} is alive`);
    await startNats(t, nats.port);
    onlooker = await lookOn(t, nats.port);
    await bothCharge();
    await until("it is told again", () => (status("left")?.offerA ?? 0) >= 6);
  });
});
