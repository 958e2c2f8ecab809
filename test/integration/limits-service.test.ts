import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import t from "tap";
import { limitsFile } from "../../services/limits/drivers/limits-file.ts";
import { limitsService } from "../../services/limits/limits.service.ts";
import { publish, request, subscribe } from "../../shared/bus/bus.ts";
import { type LimitsCurrent, limitsCurrent, limitsSet, limitsWithdraw } from "../../shared/contracts/limits.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { type Teardown, tempDir } from "../support/servers.ts";

const SET = { limitId: "dim-1", owner: "ems", evseId: null, maxA: null, maxW: 4_200, expiresInS: 900 };

/** The limits service on a broker of its own, with what it tells. */
async function startLimits(t: Teardown, dir: string, clock = new ManualClock()) {
  const broker = new ServiceBroker({ logger: false, nodeID: "limits-test" });
  const told: LimitsCurrent[] = [];
  broker.createService({ name: "listener", events: subscribe(limitsCurrent, fact => void told.push(fact)) });
  broker.createService(
    limitsService({ broker, clock, points: ["left", "right"], keeper: limitsFile(dir), timeZone: "Europe/Brussels" }),
  );
  await broker.start();
  clock.advance(1_000);
  let running = true;
  const stop = async (): Promise<void> => {
    if (running) await broker.stop();
    running = false;
  };
  t.teardown(stop);
  let sequence = 0;
  const sample = (powerW: number): void => {
    sequence += 1;
    publish(broker, meterReading, { ...meterReading.example, role: "mains", sequence, ageMs: 0, totalPowerW: powerW });
  };
  const settings = (site: Record<string, number>): void => {
    publish(broker, settingsCurrent, { ...settingsCurrent.example, site });
  };
  return { broker, clock, told, stop, sample, settings, last: () => told.at(-1)! };
}

t.test("a limit is told with the time it has left, replaced by its owner, withdrawn, and ends by itself", async t => {
  const { broker, clock, last } = await startLimits(t, tempDir(t, "limits"));
  t.strictSame(last().limits, []);
  await request(broker, limitsSet, "limits", SET);
  t.match(last().limits, [{ limitId: "dim-1", owner: "ems", maxW: 4_200, expiresInMs: 900_000 }]);
  clock.advance(100_000);
  t.equal(last().limits[0]?.expiresInMs, 800_000);
  const answer = await request(broker, limitsSet, "limits", { ...SET, maxW: 3_000, expiresInS: null });
  t.match(answer.limits, [{ limitId: "dim-1", maxW: 3_000, expiresInMs: null }]);
  await request(broker, limitsSet, "limits", { ...SET, limitId: "short", evseId: "left", expiresInS: 5 });
  t.equal(last().limits.length, 2);
  clock.advance(6_000);
  t.equal(last().limits.length, 1);
  t.strictSame((await request(broker, limitsWithdraw, "limits", { limitId: "dim-1", owner: "ems" })).limits, []);
  t.strictSame(last().limits, []);
  await request(broker, limitsWithdraw, "limits", { limitId: "dim-1", owner: "ems" });
});

t.test("nobody lifts the limit of another; what is wrong is named, and nothing changes", async t => {
  const { broker, last } = await startLimits(t, tempDir(t, "limits"));
  await request(broker, limitsSet, "limits", SET);
  const refusedWith = (type: string, message: RegExp) => ({ type, message });
  await t.rejects(
    request(broker, limitsSet, "limits", { ...SET, owner: "ocpp", maxW: 20_000 }),
    refusedWith("limit.not-yours", /set by ems; only ems may/),
  );
  await t.rejects(
    request(broker, limitsWithdraw, "limits", { limitId: "dim-1", owner: "ocpp" }),
    refusedWith("limit.not-yours", /ems/),
  );
  await t.rejects(
    request(broker, limitsSet, "limits", { ...SET, limitId: "x", evseId: "nowhere" }),
    refusedWith("point.unknown", /expected one of: left, right/),
  );
  for (const wrong of [
    { maxA: 10 },
    { maxW: null },
    { maxW: -1 },
    { maxW: Number.NaN },
    { expiresInS: 0 },
    { expiresInS: 1e9 },
  ]) {
    await t.rejects(request(broker, limitsSet, "limits", { ...SET, limitId: "y", ...wrong }), {
      code: "contract.violation",
    });
  }
  t.match(last().limits, [{ limitId: "dim-1", maxW: 4_200 }]);
  t.equal(last().limits.length, 1);
});

t.test("limits, quarter hour and month's peak outlive a restart; what has ended meanwhile has ended", async t => {
  const dir = tempDir(t, "limits");
  const first = await startLimits(t, dir);
  first.settings({ capacity_limit: 5_000 });
  await request(first.broker, limitsSet, "limits", { ...SET, expiresInS: null });
  await request(first.broker, limitsSet, "limits", { ...SET, limitId: "brief", expiresInS: 60 });
  for (let second = 0; second < 1_000; second += 1) {
    first.sample(4_000);
    first.clock.advance(1_000);
  }
  const before = first.last().quarter!;
  t.ok(Math.abs(before.monthPeakW - 4_000) < 10, `${before.monthPeakW} W`);
  await first.stop();

  const later = new ManualClock(50, Date.UTC(2026, 0, 1, 0, 17, 10));
  const second = await startLimits(t, dir, later);
  second.settings({ capacity_limit: 5_000 });
  t.match(
    second.last().limits.map(({ limitId }) => limitId),
    ["dim-1"],
  );
  second.sample(4_000);
  const after = second.last().quarter!;
  t.equal(after.monthPeakW, before.monthPeakW);
  t.equal(after.month, "2026-01");
  t.equal(Math.round(after.usedWh), Math.round(before.usedWh));
  t.ok(after.unseenMs >= 29_000 && after.unseenMs <= 33_000, `${after.unseenMs} ms were not seen`);
});

t.test("a damaged file is put aside and told; limits can be set again", async t => {
  const dir = tempDir(t, "limits");
  writeFileSync(join(dir, "limits.json"), '{"layout":1,"limits":[{"limitId":"UPPER"}],"quarter":null}');
  const { broker, last } = await startLimits(t, dir);
  t.match(readFileSync(join(dir, "limits.json.damaged"), "utf8"), /UPPER/);
  await request(broker, limitsSet, "limits", SET);
  t.equal(last().limits.length, 1);
  t.match(readFileSync(join(dir, "limits.json"), "utf8"), /dim-1/);
});

t.test("CAP MODE = Interval follows the local time of day", async t => {
  // 12:00 UTC is 13:00 in Brussels in winter.
  const { clock, last, broker } = await startLimits(
    t,
    tempDir(t, "limits"),
    new ManualClock(0, Date.UTC(2026, 0, 1, 12)),
  );
  publish(broker, settingsCurrent, {
    ...settingsCurrent.example,
    site: {
      capacity_mode: 2,
      intervals: [
        { start: 13 * 60 + 1, power: 3_000 },
        { start: 22 * 60, power: 9_000 },
      ],
    },
  });
  clock.advance(1_000);
  t.equal(last().intervalW, 9_000, "before the first one the last of the day before");
  clock.advance(60_000);
  t.equal(last().intervalW, 3_000);
});
