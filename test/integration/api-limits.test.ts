import t from "tap";
import { limitsFile } from "../../services/limits/drivers/limits-file.ts";
import { limitsService } from "../../services/limits/limits.service.ts";
import { startApiSite } from "../support/api-site.ts";
import { tempDir } from "../support/servers.ts";

const site = await startApiSite("{ site: { mains_meter: 9, capacity_limit: 5000 } }");
t.teardown(() => site.stop());

const send = (method: string, path: string, body: unknown) =>
  site.ask(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

t.test("without the limits service its absence is told, and nothing else breaks", async t => {
  t.match((await site.ask("/api/v1/limits")).json, { error: { code: "limits.unheard" } });
  const put = await send("PUT", "/api/v1/limits/dim-1", { owner: "ems", maxW: 4_200, expiresInS: 900 });
  t.equal(put.status, 503);
  const { settings } = (await site.ask("/settings")).json as { settings: Record<string, unknown> };
  t.match(settings, { capacity_window_avg: 0, capacity_monthly_peak: 0, capacity_headroom: 0 });
});

t.test("a limit is set, seen, replaced and withdrawn by its owner", async t => {
  const { broker, clock } = site;
  const service = broker.createService(
    limitsService({ broker, clock, points: ["left", "right"], keeper: limitsFile(tempDir(t, "limits")) }),
  );
  await broker.waitForServices(["limits"]);
  t.teardown(() => broker.destroyService(service));
  clock.advance(1_000);
  const put = await send("PUT", "/api/v1/limits/dim-1", { owner: "ems", maxW: 4_200, expiresInS: 900 });
  t.equal(put.status, 200);
  t.match(put.json, { limits: [{ limitId: "dim-1", owner: "ems", evseId: null, maxW: 4_200, maxA: null }] });
  t.match((await site.ask("/api/v1/limits")).json, { limits: [{ limitId: "dim-1", expiresInMs: 900_000 }] });
  const open = await send("PUT", "/api/v1/limits/left-1", {
    owner: "ocpp",
    evseId: "left",
    maxA: 10,
    expiresInS: null,
  });
  t.match(open.json, { limits: [{}, { limitId: "left-1", expiresInMs: null }] });

  const foreign = await site.ask("/api/v1/limits/dim-1?owner=ocpp", { method: "DELETE" });
  t.equal(foreign.status, 422);
  t.match(foreign.json, { error: { code: "limit.not-yours", message: /only ems may/ } });
  const nobody = await site.ask("/api/v1/limits/dim-1", { method: "DELETE" });
  t.match(nobody.json, { error: { code: "owner.missing", field: "owner" } });
  const gone = await site.ask("/api/v1/limits/dim-1?owner=ems", { method: "DELETE" });
  t.match(gone.json, { limits: [{ limitId: "left-1" }] });

  for (const [body, status, message] of [
    [
      { owner: "ems", maxW: 1 },
      400,
      /expiresInS: is missing; expected seconds 1\.\.604800, or null for "until withdrawn"/,
    ],
    [{ owner: "ems", maxW: 1, maxA: 1, expiresInS: 5 }, 400, /expected exactly one of maxA and maxW/],
    [{ owner: "ems", expiresInS: 5 }, 400, /expected exactly one of maxA and maxW/],
    [{ owner: "ems", maxA: -1, expiresInS: 5 }, 400, /maxA: expected 0\.\.1000 A/],
    [{ owner: "EMS!", maxA: 1, expiresInS: 5 }, 400, /owner/],
    [{ owner: "ems", maxA: 1, expiresInS: 5, evseId: "yard" }, 422, /expected one of: left, right/],
    [
      { owner: "ems", maxA: 1, expiresInS: 5, for: "left" },
      400,
      /for: unknown key; expected owner, evseId, maxA, maxW, expiresInS/,
    ],
  ] as const) {
    const refused = await send("PUT", "/api/v1/limits/wrong", body);
    t.equal(refused.status, status, JSON.stringify(body));
    t.match((refused.json as { error: { message: string } }).error.message, message);
  }
  t.equal((await send("PUT", "/api/v1/limits/No%20Id", { owner: "ems", maxA: 1, expiresInS: 5 })).status, 400);
  t.equal(((await site.ask("/api/v1/limits")).json as { limits: unknown[] }).limits.length, 1);

  const fed = new URLSearchParams({ L1: "50", L2: "40", L3: "30" });
  for (let second = 0; second < 60; second += 1) {
    await site.ask(`/currents?${fed.toString()}`, { method: "POST" });
    clock.advance(1_000);
  }
  const { settings } = (await site.ask("/settings")).json as { settings: Record<string, number> };
  t.ok(settings["capacity_window_avg"]! > 2_500 && settings["capacity_window_avg"]! < 2_900, "12 A at 230 V");
  t.ok(settings["capacity_headroom"]! > 2_000, `${settings["capacity_headroom"]} W of 5000 W are left`);
  const { quarter } = (await site.ask("/api/v1/limits")).json as { quarter: { limitW: number; usedWh: number } };
  t.equal(quarter.limitW, 5_000);
  t.ok(quarter.usedWh > 40);
});
