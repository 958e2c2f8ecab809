import t from "tap";
import { SETTINGS_PATHS } from "../fixtures/smartevse-settings-paths.ts";
import { type AskOptions, startApiSite } from "../support/api-site.ts";

type Tree = Record<string, Record<string, unknown>>;

const site = await startApiSite(
  "{ site: { mains_meter: 9, circuit_meter_type: 9 }, points: { left: { ev_meter: 9 } } }",
);
t.teardown(() => site.stop());

const post = async (path: string, options: AskOptions = {}) => {
  const answer = await site.ask(path, { method: "POST", ...options });
  t.equal(answer.status, 200, path);
  return answer.json;
};
const tree = async (path = "/settings", headers: Record<string, string> = {}) => {
  const answer = await site.ask(path, { headers });
  t.equal(answer.status, 200, path);
  return answer.json as Tree;
};

t.test(
  "GET /settings is whole, for the first charge point at /, for each at its own address and host name",
  async t => {
    site.tellPoint("left");
    site.tellPoint("right", { state: "A", carConnected: false });
    const first = await tree();
    for (const [path, , conditional] of SETTINGS_PATHS) {
      const value = path
        .split(".")
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], first);
      if (conditional !== true) t.not(value, undefined, path);
    }
    t.match(first, { serialnr: 1001, mode_id: 1, car_connected: true, evse: { state_id: 2, access: 1 } });
    t.match(await tree("/evse/left/settings"), { serialnr: 1001 });
    t.match(await tree("/evse/right/settings"), { serialnr: 1002, car_connected: false });
    t.match(await tree("/settings", { Host: "SmartEVSE-1002.local" }), {
      serialnr: 1002,
      mqtt: { topic_prefix: "SmartEVSE-1002" },
    });
    t.match(await tree("/settings", { Host: "smartevse-1001:8080" }), { serialnr: 1001 });
    const headers = (await site.ask("/settings")).headers;
    t.match(headers["content-type"], /^application\/json/);
    t.equal(headers["access-control-allow-origin"], undefined);
  },
);

t.test("every body a client may send gives the same answer", async t => {
  const json = { "Content-Type": "application/json" };
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const bodies: AskOptions[] = [
    {},
    { headers: { "Content-Length": "0" } },
    { headers: json, body: "{}" },
    { headers: form, body: "" },
    { headers: json, body: "{" },
    { headers: json, body: "[1]" },
    { headers: json, body: "null" },
    { headers: { "Content-Type": "text/plain" }, body: "hello" },
    { body: "{}" },
    { headers: { "Content-Type": "application/octet-stream" }, body: "\u0000\u0001" },
  ];
  for (const options of bodies) {
    t.strictSame(
      await post("/settings?stop_timer=5.0&mode=3", options),
      { mode: "3", stop_timer: true },
      JSON.stringify(options),
    );
  }
  t.strictSame(await post("/settings"), {}, "nothing handled");
});

t.test("a body adds what the query lacks, and never overrules it", async t => {
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  t.strictSame(await post("/settings?current_min=7", { headers: form, body: "current_min=9&stop_timer=6" }), {
    current_min: 7,
    stop_timer: true,
  });
  const json = { "Content-Type": "application/json" };
  t.strictSame(
    await post("/settings", {
      headers: json,
      body: '{"current_min":8,"lcdlock":true,"intervals":[{"start":1,"power":2}]}',
    }),
    { current_min: 8, lcdlock: 1 },
  );
  t.match(await tree(), { settings: { current_min: 8, lcdlock: 1, intervals: [{ start: 1, power: 2 }] } });
  t.strictSame(await post("/settings?current_min=6&current_min=9"), { current_min: 6 }, "the first of two counts");
});

t.test("a change is in force for the charge point it was meant for when the answer comes", async t => {
  t.strictSame(await post("/evse/right/settings?mode=4"), { mode: "4" });
  t.match(await tree("/evse/right/settings"), { mode: "PAUSE", mode_id: 4, evse: { access: 2 } });
  t.match(await tree(), { mode_id: 3 });
  t.strictSame(await post("/settings?mode=1", { headers: { Host: "SmartEVSE-1002.local" } }), { mode: "1" });
  t.match(await tree("/evse/right/settings"), { mode: "NORMAL", mode_id: 1, evse: { access: 1 } });
  t.strictSame(await post("/mode?mode=0&current_min=9"), { mode: "0" });
  t.match(await tree(), { mode_id: 0, settings: { current_min: 6 } });
  t.strictSame(await post("/settings?override_current=163.0"), { override_current: "Value not allowed!" });
  t.strictSame(await post("/settings?override_current=100.0"), { override_current: 100 });
  t.match(await tree(), { settings: { override_current: 100 } });
  t.strictSame(await post("/cablelock?1"), { cablelock: 1 });
  t.match(await tree(), { settings: { cablelock: 1 } });
  t.strictSame(await post("/cablelock"), { cablelock: 0 });
  t.strictSame(await post("/color_custom?R=1&G=2&B=3"), { color: { custom: { R: 1, G: 2, B: 3 } } });
  t.strictSame(await post("/color_custom?R=1&G=2&B=256"), {});
  t.strictSame(await post("/color_custom?R=1&G=2"), {});
  t.match(await tree(), { color: { custom: { R: 1, G: 2, B: 3 } } });
  t.strictSame(await post("/rfid?rfid=0102030405ff"), { rfid_status: "RFID reader not enabled" });
});

t.test("POST /currents feeds the mains and circuit meters, /ev_meter the car's", async t => {
  const example = { original: { L1: -12, L2: 30, L3: 5 }, L1: -12, L2: 30, L3: 5, TOTAL: 23 };
  t.strictSame(await post("/currents?L1=-12&L2=30&L3=5&battery_current=-40"), { battery_current: -40, ...example });
  // A dongle: floats with six decimals and Content-Length: 0.
  t.strictSame(
    await post("/currents?L1=-12.000000&L2=30.000000&L3=5.000000", { headers: { "Content-Length": "0" } }),
    example,
  );
  t.strictSame(await post("/currents?circuit_L1=1&circuit_L2=2&circuit_L3=3"), {
    circuit: { L1: 1, L2: 2, L3: 3, TOTAL: 6 },
  });
  t.match(await tree(), {
    phase_currents: { L1: -12, L2: 30, L3: 5, TOTAL: 23, last_data_update: Math.floor(site.clock.civilMs() / 1000) },
    circuit_meter: { description: "API", currents: { TOTAL: 6 } },
    home_battery: { current: -40, last_update: Math.floor(site.clock.civilMs() / 1000) },
    settings: { mains_meter: "API" },
  });
  for (const query of ["L1=1&L2=2", "L1=2001&L2=0&L3=0", "battery_current=9999", ""]) {
    t.strictSame(await post(`/currents?${query}`), {}, query);
  }
  t.match(await tree(), { phase_currents: { L1: -12 }, home_battery: { current: -40 } });

  const fed =
    "/ev_meter?L1=110&L2=111&L3=112&import_active_power=7650&import_active_energy=52340&export_active_energy=0";
  t.match(await post(fed), {
    ev_meter: { currents: { L1: 110, TOTAL: 333 }, import_active_power: 7650, total_kwh: 52_340 },
  });
  t.match(await tree(), { ev_meter: { description: "API", currents: { L2: 111 } } });
  t.strictSame(await post("/ev_meter?L1=1000&L2=0&L3=0"), {}, "no car draws 100 A: its meter passes that over");
  t.match(await tree(), { ev_meter: { currents: { L1: 110 } } });
  t.strictSame(await post(`/evse/right${fed}`), {}, "right has no meter");
});

t.test("the battery's value ages like any other, and the same value fed again is new", async t => {
  await post("/currents?battery_current=25");
  site.clock.advance(11_001);
  t.match(await tree(), { home_battery: { current: 0 } });
  await post("/currents?battery_current=25");
  t.match(await tree(), { home_battery: { current: 25, last_update: Math.floor(site.clock.civilMs() / 1000) } });
});

t.test("on a power-share node feeds are refused by name", async t => {
  await site.ask("/api/v1/settings", {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ changes: [{ key: "loadbl", value: 2 }] }),
  });
  t.strictSame(await post("/currents?L1=1&L2=2&L3=3&battery_current=5"), {
    battery_current: "not allowed on slave",
    TOTAL: "not allowed on slave",
  });
  await site.ask("/api/v1/settings", {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ changes: [{ key: "loadbl", value: 0 }] }),
  });
});

t.test("no stored secret stands in any reply", async t => {
  const secrets = { mqtt: "mqtt-s3cret-word", ocpp: "ocpp-s3cret-word" };
  const replies = [
    await post(`/settings?mqtt_update=1&mqtt_host=broker&mqtt_password=${secrets.mqtt}`),
    await post(`/settings?ocpp_update=1&ocpp_mode=1&ocpp_auth_key=${secrets.ocpp}`),
    await tree(),
    ...(await Promise.all(
      ["/api/v1/settings", "/api/v1/site", "/api/v1/history", "/health", "/metrics", "/evse/right/settings"].map(
        async path => (await site.ask(path)).text,
      ),
    )),
  ];
  t.strictSame(replies.slice(0, 2), [
    { mqtt_host: "broker", mqtt_password_set: true },
    { ocpp_mode: 1, ocpp_auth_key_set: true },
  ]);
  for (const reply of replies) {
    const text = typeof reply === "string" ? reply : JSON.stringify(reply);
    t.notMatch(text, secrets.mqtt);
    t.notMatch(text, secrets.ocpp);
  }
  t.match(await tree(), { mqtt: { password_set: true }, ocpp: { auth_key: "", auth_key_set: true } });
});

t.test("while the settings owner is away, nothing is pretended", async t => {
  const lone = await startApiSite("{}", false);
  t.teardown(() => lone.stop());
  for (const [path, method] of [
    ["/settings", "GET"],
    ["/settings?mode=1", "POST"],
    ["/currents?L1=1&L2=2&L3=3", "POST"],
  ] as const) {
    const answer = await lone.ask(path, { method });
    t.equal(answer.status, 503, `${method} ${path}`);
    t.match(answer.json, { error: { code: "settings.unheard", message: /have not arrived/ } });
    t.equal(answer.headers["retry-after"], "2");
  }
});
