import { createServer, get as httpGet, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceBroker } from "moleculer";
import t from "tap";
import { apiConfig } from "../../services/api/api.config.ts";
import { apiService } from "../../services/api/api.service.ts";
import { historyView, pointView, type SiteView, siteView } from "../../services/api/view.ts";
import { answer, publish } from "../../shared/bus/bus.ts";
import { evseAcknowledge } from "../../shared/contracts/evse.ts";
import { simulatorCommand, simulatorTruth } from "../../shared/contracts/simulator.ts";
import { catalogue } from "../../shared/settings/catalogue/index.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { startApiSite } from "../support/api-site.ts";

const site = await startApiSite("{ site: { mains_meter: 9 } }");
t.teardown(() => site.stop());

const send = (method: string, path: string, body: unknown) =>
  site.ask(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

t.test("GET site, points, history and settings keep their schemas", async t => {
  site.tellPoint("left");
  site.tellPoint("right");
  const view = (await site.ask("/api/v1/site")).json;
  t.equal(siteView.safeParse(view).error, undefined);
  t.match(view, { site: "demo", name: "Demo house", points: [{ id: "left", fresh: true }, { id: "right" }] });
  const left = (await site.ask("/api/v1/points/left")).json;
  t.equal(pointView.safeParse(left).error, undefined);
  site.clock.advance(5_000);
  const history = (await site.ask("/api/v1/history")).json;
  t.equal(historyView.safeParse(history).error, undefined);
  t.match(history, { stepMs: 5_000, points: { left: { offerA: [11.2] } } });
  const { settings } = (await site.ask("/api/v1/settings")).json as { settings: { key: string }[] };
  const min = settings.find(setting => setting.key === "current_min");
  t.match(min, { label: "MIN", unit: "A", permitted: "6..16 A", value: 6, points: null });
  t.match(
    settings.find(setting => setting.key === "mode"),
    { value: null, points: { left: 0, right: 0 } },
  );
  t.match(
    settings.find(setting => setting.key === "mqtt_password"),
    { value: null, points: null },
  );
  t.equal(settings.length, catalogue.filter(one => one.type !== "action" && one.type !== "feed").length);
});

t.test("a mode is chosen by its name", async t => {
  const chosen = async (mode: string) => {
    const result = await send("POST", "/api/v1/points/right/mode", { mode });
    t.equal(result.status, 200, mode);
    return ((await site.ask("/evse/right/settings")).json as { mode_id: number }).mode_id;
  };
  t.equal(await chosen("smart"), 3);
  t.equal(await chosen("pause"), 4);
  t.equal(await chosen("solar"), 2);
  t.equal(await chosen("off"), 0);
  t.equal(await chosen("normal"), 1);
});

t.test("PATCH settings changes all of what fits, and says of the rest which field and what it takes", async t => {
  const good = await send("PATCH", "/api/v1/settings", {
    changes: [
      { key: "current_min", value: 7 },
      { key: "current_max", evseId: "left", value: 20 },
    ],
  });
  t.equal(good.status, 200);
  t.match(good.json, {
    outcomes: [
      { key: "current_min", ok: true, value: 7 },
      { key: "current_max", ok: true, value: 20 },
    ],
  });
  const mixed = await send("PATCH", "/api/v1/settings", {
    changes: [
      { key: "current_min", value: 8 },
      { key: "current_main", value: 5 },
    ],
  });
  t.equal(mixed.status, 422);
  t.match(mixed.json, {
    error: {
      code: "setting.refused",
      field: "current_main",
      permitted: "10..200 A",
      message: /current_main.*10\.\.200 A.*got 5/,
    },
    outcomes: [{ ok: true }, { ok: false }],
  });
  t.match((await site.ask("/settings")).json, { settings: { current_min: 8, current_main: 25 } });
});

t.test("acknowledging is passed to the charge point; refused while the cause is there", async t => {
  t.equal((await send("POST", "/api/v1/points/left/acknowledge", {})).status, 503, "nobody is there to ask");
  let accepted = false;
  site.broker.createService({ name: "evse-left", actions: answer(evseAcknowledge, () => ({ accepted })) });
  await site.broker.waitForServices("evse-left");
  const refused = await send("POST", "/api/v1/points/left/acknowledge", {});
  t.equal(refused.status, 409);
  t.match(refused.json, { error: { code: "fault.persists", message: /left/ } });
  accepted = true;
  t.strictSame((await send("POST", "/api/v1/points/left/acknowledge", {})).json, { accepted: true });
});

t.test("a simulator is told something only where one runs", async t => {
  const absent = await send("POST", "/api/v1/simulator/command", { words: "house l2 18" });
  t.equal(absent.status, 404);
  t.match(absent.json, { error: { code: "simulator.absent" } });
  site.broker.createService({
    name: "simulator",
    actions: answer(simulatorCommand, ({ words }) => ({ done: `done: ${words}` })),
  });
  await site.broker.waitForServices("simulator");
  publish(site.broker, simulatorTruth, simulatorTruth.example);
  t.strictSame((await send("POST", "/api/v1/simulator/command", { words: " house l2 18 " })).json, {
    done: "done: house l2 18",
  });
  t.match((await site.ask("/api/v1/site")).json, { simulated: true });
});

t.test("the stream sends the whole view at once and twice a second, pings, and takes any Last-Event-ID", async t => {
  const stream = await openStream(site.port, { "Last-Event-ID": "no number of ours" });
  t.match(stream.headers["content-type"], /^text\/event-stream/);
  const first = await stream.next();
  t.equal(siteView.safeParse(JSON.parse(first.data)).error, undefined);
  t.equal(first.event, "site");
  site.tellPoint("left", { offerA: 6 });
  site.clock.advance(500);
  const second = await stream.next();
  t.equal((JSON.parse(second.data) as SiteView).points[0]?.status?.offerA, 6);
  t.ok(Number(second.id) > Number(first.id));
  for (let step = 0; step < 30; step++) {
    site.clock.advance(500);
    await stream.next();
  }
  t.match(stream.text(), /^: ping$/m);
  t.match((await site.ask("/metrics")).text, /^edge_stream_clients 1$/m);
  stream.close();
});

t.test("serves its OpenAPI document, with every path and schema, and Swagger UI from here alone", async t => {
  const document = (await site.ask("/api/v1/openapi.json")).json as {
    openapi: string;
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    components: { schemas: Record<string, unknown> };
  };
  t.equal(document.openapi, "3.1.0");
  t.strictSame(Object.keys(document.paths).sort(), [
    "/api/v1/balancer/journal",
    "/api/v1/cards",
    "/api/v1/cards/{uid}",
    "/api/v1/history",
    "/api/v1/limits",
    "/api/v1/limits/{limitId}",
    "/api/v1/points/{id}",
    "/api/v1/points/{id}/acknowledge",
    "/api/v1/points/{id}/card",
    "/api/v1/points/{id}/explain",
    "/api/v1/points/{id}/journal",
    "/api/v1/points/{id}/mode",
    "/api/v1/sessions",
    "/api/v1/settings",
    "/api/v1/simulator/command",
    "/api/v1/site",
    "/api/v1/stream",
    "/health",
  ]);
  t.ok(document.paths["/api/v1/settings"]?.["patch"]?.responses["422"]);
  for (const name of ["SiteView", "PointView", "MeterView", "HistoryView", "Error", "SettingsPatch", "ModeBody"]) {
    t.ok(document.components.schemas[name], name);
  }
  for (const reference of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
    t.ok(document.components.schemas[reference[1]!], `${reference[1]} is there`);
  }
  const docs = await site.ask("/api/docs/");
  t.equal(docs.status, 200);
  t.notMatch(docs.text, /https?:\/\//, "nothing is loaded from elsewhere");
  t.match((await site.ask("/api/docs/swagger-initializer.js")).text, /\/api\/v1\/openapi\.json/);
  t.equal((await site.ask("/api/docs/swagger-ui-bundle.js")).status, 200);
  t.equal((await site.ask("/api/docs")).status, 301);
});

t.test("/health is 200 while all are heard and 503 with reasons when not", async t => {
  site.tellPoint("left");
  site.tellPoint("right");
  await site.clock.advanceAsync(500, 250);
  await site.ask("/currents?L1=1&L2=2&L3=3", { method: "POST" });
  await site.clock.advanceAsync(250);
  const well = await site.ask("/health");
  t.equal(well.status, 200, well.text);
  t.match(well.json, { status: "ok", reasons: [] });
  await site.clock.advanceAsync(6_000, 500);
  const silent = await site.ask("/health");
  t.equal(silent.status, 503);
  t.match(
    (silent.json as { reasons: string[] }).reasons.join("; "),
    /balancer is silent.*evse-left is silent.*meter mains/,
  );
});

t.test("the page, or a word on how to build it, is at /; the headers keep it to itself", async t => {
  const page = await site.ask("/");
  t.equal(page.status, 200);
  t.match(page.text, /edge-evse/i);
  t.match(page.headers["content-security-policy"], /default-src 'self'.*frame-ancestors 'none'/);
  t.equal(page.headers["x-powered-by"], undefined);
  t.equal(page.headers["x-content-type-options"], "nosniff");
});

t.test("a port that is taken: says which, who may hold it and how to choose another", async t => {
  const holder = createServer();
  await new Promise<void>(resolve => {
    holder.listen(0, "127.0.0.1", resolve);
  });
  const { port } = holder.address() as AddressInfo;
  t.teardown(() => holder.close());
  const start = async (host: string, wanted: number) => {
    const broker = new ServiceBroker({ logger: false });
    const demo = parseSite(
      "{ site: demo, chargePoints: [{ id: left, serial: 1 }], services: [{ service: api }] }",
      "x",
    );
    const config = apiConfig.parse({ host });
    broker.createService(
      apiService({ broker, clock: new ManualClock(), site: demo, config, version: "0", httpPort: wanted }),
    );
    try {
      await broker.start();
    } finally {
      await broker.stop();
    }
  };
  await t.rejects(start("127.0.0.1", port), {
    name: "StartRefused",
    message: new RegExp(`port ${port} of 127.0.0.1 is taken, perhaps by another edge-evse.*HTTP_PORT`),
  });
  await t.rejects(start("192.0.2.1", 0), {
    name: "StartRefused",
    message: /192\.0\.2\.1 is no address of this machine/,
  });
});

interface Event {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** A client of the stream that hands out one event after the other. */
async function openStream(port: number, headers: Record<string, string>) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpGet({ host: "127.0.0.1", port, path: "/api/v1/stream", headers, agent: false }, resolve).on("error", reject);
  });
  response.setEncoding("utf8");
  let text = "";
  let taken = 0;
  const events = (): Event[] =>
    text
      .split("\n\n")
      .slice(0, -1)
      .map(
        block =>
          Object.fromEntries(block.split("\n").map(line => line.split(/: (.*)/s).slice(0, 2))) as unknown as Event,
      )
      .filter(event => event.event === "site");
  response.on("data", (part: string) => {
    text += part;
  });
  return {
    headers: response.headers,
    text: () => text,
    async next(): Promise<Event> {
      while (events().length <= taken) await new Promise(resolve => response.once("data", resolve));
      return events()[taken++]!;
    },
    close: () => response.destroy(),
  };
}
