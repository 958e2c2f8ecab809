import { connect } from "node:net";
import t from "tap";
import { type AskOptions, startApiSite } from "../support/api-site.ts";

const site = await startApiSite("{ site: { mains_meter: 9 } }");
t.teardown(() => site.stop());

const JSON_TYPE = { "Content-Type": "application/json" };
const PATCH = "/api/v1/settings";
const MODE = "/api/v1/points/left/mode";

interface BadInput {
  readonly what: string;
  readonly path: string;
  readonly options: AskOptions;
  readonly status: number;
  readonly code: string;
  readonly message: RegExp;
  readonly field?: string;
  readonly permitted?: string;
}

function patched(what: string, changes: unknown, expected: Omit<BadInput, "what" | "path" | "options">): BadInput {
  const options = { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify({ changes }) };
  return { what, path: PATCH, options, ...expected };
}

function posted(
  what: string,
  path: string,
  body: string,
  expected: Omit<BadInput, "what" | "path" | "options">,
): BadInput {
  return { what, path, options: { method: "POST", headers: JSON_TYPE, body }, ...expected };
}

const invalid = (message: RegExp, field?: string, permitted?: string) => ({
  status: 400,
  code: "body.invalid",
  message,
  ...(field === undefined ? {} : { field }),
  ...(permitted === undefined ? {} : { permitted }),
});
const MODES = "off or normal or smart or solar or pause";
const CHANGES = "a list of 1..200 changes, each { key, evseId, value }";
const refused = (message: RegExp, field: string) => ({ status: 422, code: "setting.refused", message, field });
const malformed = { status: 400, code: "body.malformed", message: /not JSON/ };
const manyChanges = Array.from({ length: 201 }, () => ({ key: "current_min", value: 7 }));

const NATIVE: readonly BadInput[] = [
  posted("half a body", MODE, '{"mode":', malformed),
  posted("text for JSON", MODE, "mode=smart", malformed),
  posted("a bare word", MODE, '"smart"', invalid(/^expected an object with mode, got "smart"$/)),
  posted("null", MODE, "null", invalid(/^expected an object with mode, got null$/)),
  posted("no mode", MODE, "{}", invalid(/^mode: is missing; expected off or normal or smart/, "mode", MODES)),
  posted("an unknown mode", MODE, '{"mode":"fast"}', invalid(/^mode: expected off .*, got "fast"$/, "mode", MODES)),
  posted("a number for a mode", MODE, '{"mode":3}', invalid(/^mode: expected off .*, got 3$/, "mode", MODES)),
  posted("a list for a mode", MODE, '{"mode":["smart"]}', invalid(/got \["smart"\]$/, "mode", MODES)),
  posted(
    "a mode many levels deep",
    MODE,
    `{"mode":${"[".repeat(9_000)}${"]".repeat(9_000)}}`,
    invalid(/^mode: /, "mode"),
  ),
  posted("a key too many", MODE, '{"mode":"smart","boost":1}', invalid(/^boost: unknown key; expected mode$/, "boost")),
  posted(
    "a key of the language too many",
    MODE,
    '{"mode":"smart","__proto__":{}}',
    invalid(/^__proto__: /, "__proto__"),
  ),
  posted("a list", MODE, "[]", invalid(/^expected an object with mode, got \[\]$/)),
  posted("an unknown point", "/api/v1/points/middle/mode", '{"mode":"smart"}', {
    status: 404,
    code: "point.unknown",
    message: /no charge point is called "middle"/,
    field: "id",
  }),
  posted("a name of the language", "/api/v1/points/constructor/mode", '{"mode":"smart"}', {
    status: 404,
    code: "point.unknown",
    message: /"constructor"/,
  }),
  {
    what: "no body",
    path: MODE,
    options: { method: "POST" },
    status: 400,
    code: "body.missing",
    message: /expected a JSON body/,
  },
  {
    what: "a form",
    path: MODE,
    options: { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "mode=smart" },
    status: 400,
    code: "body.missing",
    message: /application\/json/,
  },
  {
    what: "100 kB",
    path: MODE,
    options: { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ mode: "x".repeat(100_000) }) },
    status: 413,
    code: "body.too-large",
    message: /too large/,
  },
  {
    what: "a body said to be gzip",
    path: MODE,
    options: { method: "POST", headers: { ...JSON_TYPE, "Content-Encoding": "gzip" }, body: "{}" },
    status: 400,
    code: "request.invalid",
    message: /incorrect header check/,
  },
  {
    what: "an encoding nobody knows",
    path: MODE,
    options: { method: "POST", headers: { ...JSON_TYPE, "Content-Encoding": "zip" }, body: "{}" },
    status: 415,
    code: "request.invalid",
    message: /unsupported content encoding "zip"/,
  },
  patched("no changes", [], invalid(/^changes: expected a list of 1\.\.200 changes.*, got \[\]$/, "changes", CHANGES)),
  patched("201 changes", manyChanges, invalid(/changes: expected a list of 1\.\.200/, "changes", CHANGES)),
  patched("no list", "current_min", invalid(/changes: .*, got "current_min"/, "changes", CHANGES)),
  patched("no key", [{ value: 7 }], invalid(/changes\.0\.key: is missing; expected the key of/, "changes.0.key")),
  patched(
    "no value",
    [{ key: "current_min" }],
    invalid(/changes\.0\.value: is missing; expected 6\.\.16 A/, "changes.0.value", "6..16 A"),
  ),
  patched(
    "null for a value",
    [{ key: "current_min", value: null }],
    invalid(/changes\.0\.value: expected 6\.\.16 A, got null/, "changes.0.value", "6..16 A"),
  ),
  patched(
    "a truth for a value",
    [{ key: "current_min", value: true }],
    invalid(/expected 6\.\.16 A, got true/, "changes.0.value", "6..16 A"),
  ),
  patched(
    "an object for a value",
    [{ key: "mode", evseId: "left", value: { smart: 1 } }],
    invalid(/expected 0 Normal, 1 Smart, 2 Solar, got \{"smart":1\}/, "changes.0.value"),
  ),
  patched(
    "a unit beside the value",
    [{ key: "current_min", value: 8, unit: "A" }],
    invalid(/changes\.0\.unit: unknown key; expected key, evseId, value/, "changes.0.unit"),
  ),
  patched(
    "a unit in the value",
    [{ key: "current_min", value: "8 A" }],
    refused(/6\.\.16 A, got "8 A"/, "current_min"),
  ),
  patched("a list for a number", [{ key: "current_min", value: [8] }], refused(/got \[8\]/, "current_min")),
  patched("half a character", [{ key: "mqtt_host", value: "a\ud800" }], refused(/Unicode/, "mqtt_host")),
  patched("two lines", [{ key: "mqtt_host", value: "a\r\nb" }], refused(/one line/, "mqtt_host")),
  patched("5 kB of text", [{ key: "mqtt_host", value: "x".repeat(5_000) }], refused(/at most 255/, "mqtt_host")),
  posted("a number beyond all numbers", "/api/v1/points/left/card", '{"uid":1e400}', invalid(/got Infinity/, "uid")),
  {
    what: "a number beyond all numbers for a setting",
    path: PATCH,
    options: { method: "PATCH", headers: JSON_TYPE, body: '{"changes":[{"key":"current_min","value":1e400}]}' },
    ...invalid(/changes\.0\.value: expected 6\.\.16 A, got Infinity/, "changes.0.value", "6..16 A"),
  },
  {
    what: "no number",
    path: PATCH,
    options: { method: "PATCH", headers: JSON_TYPE, body: '{"changes":[{"key":"current_min","value":NaN}]}' },
    ...malformed,
  },
  {
    what: "10 MB",
    path: PATCH,
    options: { method: "PATCH", headers: JSON_TYPE, body: `{"changes":"${"x".repeat(10_000_000)}"}` },
    status: 413,
    code: "body.too-large",
    message: /too large/,
    permitted: "at most 64 kB",
  },
  {
    what: "sessions of a day that is none",
    path: "/api/v1/sessions?from=2026-02-30",
    options: {},
    status: 400,
    code: "query.invalid",
    message: /^from: expected a date such as 2026-01-31.*got "2026-02-30"$/,
    field: "from",
  },
  {
    what: "sessions that end before they begin",
    path: "/api/v1/sessions?from=2026-03-01&to=2026-01-01",
    options: {},
    status: 400,
    code: "query.invalid",
    message: /^to: expected a date or moment after from$/,
    field: "to",
  },
  {
    what: "a query that says two things",
    path: "/api/v1/sessions?limit=5&limit=6",
    options: {},
    status: 400,
    code: "query.invalid",
    message: /^limit: stands twice/,
    field: "limit",
  },
  {
    what: "a query nobody knows",
    path: "/api/v1/sessions?fomat=csv",
    options: {},
    status: 400,
    code: "query.invalid",
    message: /^fomat: unknown key; did you mean format\? expected from, to/,
    field: "fomat",
  },
  patched(
    "a point that cannot be",
    [{ key: "mode", evseId: "Left!", value: 1 }],
    invalid(/evseId.*a-z/, "changes.0.evseId"),
  ),
  patched(
    "below the range",
    [{ key: "current_min", value: 5 }],
    refused(/current_min.*6\.\.16 A.*got 5/, "current_min"),
  ),
  patched(
    "above the range",
    [{ key: "current_main", value: 201 }],
    refused(/current_main.*10\.\.200 A/, "current_main"),
  ),
  patched("half an ampere", [{ key: "current_min", value: 6.5 }], refused(/got 6\.5/, "current_min")),
  patched("text for a number", [{ key: "current_min", value: "8" }], refused(/got "8"/, "current_min")),
  patched(
    "a mistyped key",
    [{ key: "curent_min", value: 8 }],
    refused(/no such setting.*did you mean current_min/, "curent_min"),
  ),
  patched("a key of the language", [{ key: "__proto__", value: 8 }], refused(/no such setting/, "__proto__")),
  patched("a point's setting for the site", [{ key: "mode", value: 1 }], refused(/one of: left, right/, "mode")),
  patched(
    "a site's setting for a point",
    [{ key: "current_min", evseId: "left", value: 8 }],
    refused(/whole site/, "current_min"),
  ),
  patched(
    "a point that is not there",
    [{ key: "mode", evseId: "middle", value: 1 }],
    refused(/"middle".*left, right/, "mode"),
  ),
  patched("a command", [{ key: "rfid_swipe", evseId: "left", value: 1 }], refused(/command/, "rfid_swipe")),
  {
    what: "a page of another site",
    path: PATCH,
    options: {
      method: "PATCH",
      headers: { ...JSON_TYPE, Origin: "http://evil.example" },
      body: '{"changes":[{"key":"current_min","value":7}]}',
    },
    status: 403,
    code: "origin.foreign",
    message: /no page of this gateway/,
  },
  {
    what: "a method too many",
    path: MODE,
    options: { method: "DELETE" },
    status: 405,
    code: "method.unknown",
    message: /DELETE/,
  },
  {
    what: "an unknown path",
    path: "/api/v1/sites",
    options: {},
    status: 404,
    code: "path.unknown",
    message: /openapi/,
  },
  {
    what: "a path that cannot be decoded",
    path: "/api/v1/points/%E0%A4%A",
    options: {},
    status: 400,
    code: "path.malformed",
    message: /%-encoded/,
  },
  {
    what: "a way out of the page's folder",
    path: "/assets/..%2f..%2f..%2fpackage.json",
    options: {},
    status: 404,
    code: "path.unknown",
    message: /nothing is at/,
  },
  {
    what: "an unknown point's settings",
    path: "/evse/middle/settings",
    options: {},
    status: 404,
    code: "point.unknown",
    message: /"middle"/,
  },
  {
    what: "another charger's name",
    path: "/settings?mode=0",
    options: { method: "POST", headers: { Host: "SmartEVSE-9999.local" } },
    status: 404,
    code: "point.unknown",
    message: /serial number 9999/,
  },
];

/** What must not move, and that the gateway still answers. */
async function present(): Promise<unknown> {
  const [settings, tree] = await Promise.all([site.ask("/api/v1/settings"), site.ask("/settings")]);
  return [settings.json, { ...(tree.json as object), evse: null }];
}

t.test("bad input at /api/v1: a typed error that names what was wrong, nothing changed, the gateway alive", async t => {
  const before = await present();
  for (const { what, path, options, status, code, message, field, permitted } of NATIVE) {
    const answer = await site.ask(path, options);
    t.equal(answer.status, status, `${what}: status`);
    const details = { ...(field === undefined ? {} : { field }), ...(permitted === undefined ? {} : { permitted }) };
    t.match(answer.json, { error: { code, message, ...details } }, what);
    t.notMatch(answer.text, /node_modules|\.ts:\d|\n\s+at /, `${what}: no stack`);
    t.strictSame(await present(), before, `${what}: nothing changed`);
  }
});

const SMARTEVSE: readonly (readonly [query: string, reply: object])[] = [
  ["/settings?mode=5", { mode: "Value not allowed!" }],
  ["/settings?mode=99999999999999999999", { mode: "Value not allowed!" }],
  ["/settings?current_min=", { current_min: "Value not allowed!" }],
  ["/settings?current_min=abc", { current_min: "Value not allowed!" }],
  ["/settings?current_min=NaN", { current_min: "Value not allowed!" }],
  ["/settings?current_min=-8", { current_min: "Value not allowed!" }],
  ["/settings?current_min=0x8", { current_min: "Value not allowed!" }],
  ["/settings?current_min[]=8", {}],
  ["/settings?current_min[constructor]=8", {}],
  ["/settings?__proto__=8&constructor=1", {}],
  ["/settings?CURRENT_MIN=8", {}],
  ["/settings?override_current=1e9", { override_current: "Value not allowed!" }],
  ["/settings?override_current=-60", { override_current: "Value not allowed!" }],
  ["/settings?enable_C2=9", { settings: { enable_C2: "Value not allowed!" } }],
  ["/settings?enable_C2=-1", { settings: { enable_C2: "Value not allowed!" } }],
  ["/settings?stop_timer=999", { stop_timer: false }],
  ["/settings?solar_start_current=49%00", { solar_start_current: "Value not allowed!" }],
  ["/settings?lcdlock=7&cablelock=8", {}],
  ["/settings?intervals=%7B%7D", {}],
  ["/settings?intervals=[{%22start%22:%22a%22}]", {}],
  ["/settings?intervals=[{%22start%22:1,%22power%22:1e99}]", {}],
  ["/settings?starttime=2026-99-99T99:99&stoptime=%F0%9F%98%80", { starttime: 0, stoptime: 0 }],
  ["/settings?phases=two", { phases: "Value not allowed!" }],
  ["/settings?mqtt_update=1&mqtt_port=-5", { mqtt_port: "Value not allowed!" }],
  [
    "/settings?ocpp_update=1&ocpp_backend_url=javascript:alert(1)",
    { ocpp_backend_url: "URL must start with ws:// or wss://" },
  ],
  ["/settings?%E0%A4%A=1&=&&&==", {}],
  ["/currents?L1=1&L2=2", {}],
  ["/currents?L1=99999&L2=0&L3=0", {}],
  ["/currents?battery_current=-99999", {}],
  ["/ev_meter?L1=1&L2=1&L3=1", {}],
  ["/color_off?R=300&G=0&B=0", {}],
  ["/rfid?rfid=zz", { rfid_status: "RFID reader not enabled" }],
];

t.test("bad input at the SmartEVSE face: 200 with the firmware's text, nothing changed, the gateway alive", async t => {
  const before = await present();
  for (const [path, reply] of SMARTEVSE) {
    const answer = await site.ask(path, { method: "POST", headers: { "Content-Length": "0" } });
    t.equal(answer.status, 200, path);
    t.strictSame(answer.json, reply, path);
    t.strictSame(await present(), before, `${path}: nothing changed`);
  }
});

t.test("a body of the wrong shape chooses nothing: an object for a mode is no mode 0", async t => {
  const before = await present();
  for (const body of [
    '{"mode":{"a":1},"current_min":[7]}',
    '{"mode":[0],"current_min":null}',
    '{"mode":1e400,"override_current":-1e400}',
    '{"__proto__":{"mode":0},"constructor":{"mode":0}}',
    "[0]",
    "null",
    '"mode=0"',
    '{"mode":0',
  ]) {
    const answer = await site.ask("/settings", { method: "POST", headers: JSON_TYPE, body });
    t.equal(answer.status, 200, body);
    t.strictSame(answer.json, {}, body);
    t.strictSame(await present(), before, `${body}: nothing changed`);
  }
  const big = await site.ask("/settings", { method: "POST", headers: JSON_TYPE, body: '{"mode":1e21}' });
  t.strictSame(big.json, { mode: "Value not allowed!" }, "no more than its first digit would be 1");
});

t.test("bytes that are no HTTP end with an answer or a closed connection, and the next client is served", async t => {
  for (const bytes of [
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "GET / HTTP/9.9\r\n\r\n",
    "NONSENSE\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
    "POST /settings HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
    "POST /settings?mode=0 HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "GET /settings HTTP/1.1\r\n\r\n",
  ]) {
    const reply = await exchange(site.port, bytes);
    t.match(reply, /^(HTTP\/1\.1 (400|431|408|505)[^]*)?$/, JSON.stringify(bytes.slice(0, 40)));
  }
  t.equal((await site.ask("/settings")).status, 200);
  t.match((await site.ask("/settings")).json, { mode_id: 1 });
});

/** What comes back until the other side closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise(resolve => {
    let reply = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    socket.on("data", part => {
      reply += part.toString("latin1");
    });
    // A reset is a closed connection too.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      resolve(reply);
    });
  });
}
