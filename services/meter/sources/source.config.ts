import { z } from "zod";
import { idSchema } from "../../../shared/contracts/units.ts";
import { HTTP_PRESETS } from "./http-presets.ts";
import { problemsOfMap } from "./json-map.core.ts";
import { MQTT_PRESETS } from "./mqtt-presets.ts";
import type { JsonMap, NumberSource } from "./source.port.ts";
import { SPEEDWIRE } from "./speedwire.core.ts";

// The meters that are no Modbus registers, as a site file names them.

function text(most = 255) {
  const expected = `expected text of 1 to ${most} characters`;
  return z.string(expected).min(1, expected).max(most, expected);
}

export function addressOf(schemes: readonly string[], example: string) {
  const expected = `expected an address such as ${example}`;
  return z.string(expected).refine(value => {
    const url = URL.parse(value);
    return url !== null && schemes.includes(url.protocol) && url.hostname !== "" && url.username === "";
  }, `${expected}, with user and password in fields of their own`);
}

const tcpPort = z.number().int().min(1, "expected 1..65535").max(65_535, "expected 1..65535");

const numberSource: z.ZodType<NumberSource> = z.lazy(() =>
  z.union([
    z.string(),
    z.strictObject({
      path: z.string(),
      in: z.number().int().min(0).max(19).optional(),
      scale: z.number().optional(),
    }) as unknown as z.ZodType<NumberSource>,
    z.strictObject({ first: z.array(numberSource).min(1) }),
    z.strictObject({ sum: z.array(numberSource).min(1) }),
    z.strictObject({ net: z.tuple([numberSource, numberSource]) }),
  ]),
);
const perTerminal = z.array(numberSource).min(1, "expected 1 to 3 places").max(3, "expected 1 to 3 places");

const jsonMap = z
  .strictObject({
    /** May be left out where the device tells powers only. */
    currentA: perTerminal.default([]),
    powerW: perTerminal.optional(),
    voltageV: perTerminal.optional(),
    totalPowerW: numberSource.optional(),
    importWh: numberSource.optional(),
    exportWh: numberSource.optional(),
    currentIsCoarse: z.boolean().optional(),
    ageMs: numberSource.optional(),
  })
  .transform(map => map as JsonMap)
  .superRefine((map, context) => {
    if (map.currentA.length === 0 && map.powerW === undefined && map.totalPowerW === undefined) {
      const message = "is missing; expected currentA, or powerW or totalPowerW of a device that tells no currents";
      context.addIssue({ code: "custom", path: ["currentA"], message });
    }
    for (const message of problemsOfMap(map)) context.addIssue({ code: "custom", message });
  });

const direction = z.enum(["power", "own"]).default("power");
const phases = z.union([z.literal(1), z.literal(3)], "expected 1 or 3").optional();

/** Wiring of the transformers of a Sensorbox, in the order of its register. */
export const SENSORBOX_WIRING = ["4wire", "4wire-ccw", "3wire", "3wire-ccw"] as const;

const sensorbox = z.strictObject({
  kind: z.literal("sensorbox"),
  address: z.number().int().min(1).max(247).default(10),
  line: idSchema.optional(),
  /** Four wires with a neutral, three without; `ccw`: the phases turn counter-clockwise. */
  wiring: z.enum(SENSORBOX_WIRING).default("4wire"),
  /** Rated current of the transformers, to 50 mA. */
  transformersA: z.union([z.literal(100), z.literal(200)], "expected 100 or 200").default(100),
});

const http = z.strictObject({
  kind: z.literal("http"),
  /** Where the device is; its preset knows the rest. */
  url: addressOf(["http:", "https:"], "http://192.168.1.20"),
  preset: z.enum(HTTP_PRESETS).optional(),
  /** What to ask of a device without a preset, and where in its answers the values are. */
  paths: z.array(text()).min(1).max(10).optional(),
  map: jsonMap.optional(),
  direction: direction.optional(),
  user: text().optional(),
  password: text().optional(),
  token: text().optional(),
  /** The device's own certificate (PEM), where no public authority signed it. */
  certificateFile: text().optional(),
  phases,
});

const telegramLink = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("serial"), path: text() }),
  z.strictObject({ kind: z.literal("tcp"), host: text(), port: tcpPort }),
]);

const hexKey = z.string().regex(/^[0-9A-Fa-f]{32}$/, "expected 32 hex digits");

const p1 = z.strictObject({
  kind: z.literal("p1"),
  link: telegramLink,
  /** Version of the meter's standard; 2 and 3 have no checksum and speak slowly. */
  dsmr: z
    .union([z.literal(2), z.literal(3), z.literal(4), z.literal(5)], "expected 2, 3, 4 or 5 (ESMR, Fluvius: 5)")
    .default(5),
  /** Of a meter that encrypts (Luxembourg, parts of Austria): the key that its grid operator gives to its owner. */
  key: hexKey.optional(),
  /** The second key, where it is not the one that all such meters have in common. */
  authenticationKey: hexKey.optional(),
  phases,
});

const sml = z.strictObject({
  kind: z.literal("sml"),
  /** The reading head on the meter's optical port; 9600 8N1. */
  link: telegramLink,
  phases,
});

const pulse = z.strictObject({
  kind: z.literal("pulse"),
  /** The bridge of a Tibber Pulse, its web server switched on (webserver_force_enable). */
  url: addressOf(["http:"], "http://192.168.1.40"),
  /** Printed on the bridge. */
  password: text(),
  /** Number of the Pulse on its bridge. */
  node: z.number().int().min(1).max(255).default(1),
  phases,
});

const speedwire = z.strictObject({
  kind: z.literal("speedwire"),
  /** Serial number of the meter or Home Manager; may be left out where there is only one. */
  serial: z.number().int().min(1).max(0xffff_ffff).optional(),
  /** Own address on the network the meter is on, where this gateway has several. */
  interfaceAddress: z.ipv4("expected an IPv4 address such as 192.168.1.2").optional(),
  port: tcpPort.default(SPEEDWIRE.port),
});

const mqtt = z.strictObject({
  kind: z.literal("mqtt"),
  url: addressOf(["mqtt:", "mqtts:"], "mqtt://192.168.1.10:1883"),
  user: text().optional(),
  password: text().optional(),
  /** A topic with payloads L1:L2:L3 in 0.1 A. */
  topic: text().optional(),
  preset: z.enum(MQTT_PRESETS).optional(),
  device: text().optional(),
  /** Topics of a device without a preset, and where in their payloads the values are. */
  topics: z.array(text()).min(1).max(20).optional(),
  map: jsonMap.optional(),
  direction: direction.optional(),
  phases,
});

const nats = z.strictObject({
  kind: z.literal("nats"),
  /** Last part of the subject; by default the role, with the charge point for an EV meter: mains, ev-left. */
  feed: idSchema.optional(),
});

export const sourceDrivers = [sensorbox, http, p1, sml, pulse, speedwire, mqtt, nats] as const;
export type SourceDriver = z.output<(typeof sourceDrivers)[number]>;

/** What must be there together, in words that begin with the key. */
export function problemsOfSource(driver: SourceDriver): readonly (readonly [key: string, words: string])[] {
  if (driver.kind === "http") {
    const own = driver.paths !== undefined || driver.map !== undefined;
    if (driver.preset !== undefined && own) return [["preset", "has its own paths and map; give one or the other"]];
    if (driver.preset !== undefined) return [];
    return driver.paths !== undefined && driver.map !== undefined
      ? []
      : [["preset", `is missing; expected one of ${HTTP_PRESETS.join(", ")}, or paths and map of the device`]];
  }
  if (driver.kind === "p1" && driver.authenticationKey !== undefined && driver.key === undefined) {
    return [["key", "is missing; authenticationKey is of no use without it"]];
  }
  if (driver.kind !== "mqtt") return [];
  const ways = [driver.topic, driver.preset, driver.topics].filter(way => way !== undefined).length;
  if (ways !== 1) {
    return [["topic", "expected one of: topic (payload L1:L2:L3), preset with device, topics with map"]];
  }
  if (driver.preset !== undefined && driver.device === undefined)
    return [["device", "is missing; the preset needs it"]];
  if (driver.topics !== undefined && driver.map === undefined) return [["map", "is missing; topics need it"]];
  if ((driver.topics ?? [driver.topic ?? ""]).some(topic => /[+#]/.test(topic))) {
    return [["topic", "expected a topic without wildcards: several devices would be taken for one"]];
  }
  return [];
}
