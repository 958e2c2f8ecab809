import type { MeterRole } from "../../../shared/contracts/meter.ts";
import type { SettingsCurrent } from "../../../shared/contracts/settings.ts";
import { numberIn } from "../../../shared/settings/read.ts";
import { httpPreset } from "./http-presets.ts";
import { mqttPreset } from "./mqtt-presets.ts";
import { SENSORBOX_WIRING, type SourceDriver } from "./source.config.ts";
import type { HttpSpec, JsonMap, MqttSpec, SensorboxSpec, SourceSpec } from "./source.port.ts";

export interface SourceWish {
  readonly typeLabel: string;
  readonly address: number | null;
  readonly spec: SourceSpec;
}

interface Measures {
  readonly role: MeterRole;
  readonly evseId: string | null;
}

/** A device without a rhythm of its own is asked as often as the site file says. */
const ANY_RHYTHM_MS = 0;

/** Luxembourg's meters have this one in common; so have Austria's with a P1 port that encrypts. */
const COMMON_AUTHENTICATION_KEY = "00112233445566778899AABBCCDDEEFF";

/** A Pulse hears its meter every two seconds or so. */
const PULSE_EVERY_MS = 1_000;

/** What a site file's driver asks for. Its parts were checked to belong together (`problemsOfSource`). */
export function wishOf(driver: SourceDriver, measures: Measures): SourceWish {
  switch (driver.kind) {
    case "sensorbox": {
      const wiring = SENSORBOX_REGISTER[driver.wiring];
      const ctFactor = driver.transformersA === 200 ? 2 : 1;
      return sensorboxWish({ address: driver.address, line: driver.line ?? null, wiring, ctFactor });
    }
    case "http": {
      const spec = httpSpec(driver);
      return { typeLabel: spec.label, address: null, spec };
    }
    case "p1": {
      const { link, dsmr, key, authenticationKey = COMMON_AUTHENTICATION_KEY, phases = null } = driver;
      const encryption = key === undefined ? null : { key, authenticationKey };
      return { typeLabel: "P1", address: null, spec: { kind: "p1", link, dsmr, encryption, phases } };
    }
    case "sml": {
      const { link, phases = null } = driver;
      return { typeLabel: "SML", address: null, spec: { kind: "sml", link, phases } };
    }
    case "pulse": {
      const { url, password, node, phases = null } = driver;
      const origin = new URL(url).origin;
      const spec = { kind: "pulse", origin, password, node, newsEveryMs: PULSE_EVERY_MS, phases } as const;
      return { typeLabel: "Tibber Pulse", address: null, spec };
    }
    case "speedwire": {
      const { serial = null, interfaceAddress = null, port } = driver;
      return { typeLabel: "Speedwire", address: null, spec: { kind: "speedwire", serial, interfaceAddress, port } };
    }
    case "mqtt": {
      const spec = mqttSpec(driver);
      return { typeLabel: spec.label, address: null, spec };
    }
    case "nats": {
      const { role, evseId } = measures;
      const feed = driver.feed ?? (evseId === null ? role : `${role}-${evseId}`);
      return { typeLabel: "NATS", address: null, spec: { kind: "nats", feed, measures } };
    }
  }
}

const SENSORBOX = 1;
const HOMEWIZARD = 13;
/** Their names in the menu. */
export const CHOSEN_SOURCES = ["Sensorbox", "HmWzrd P1"] as const;
/** A connection above this has transformers of 200 A to 50 mA on its Sensorbox, in place of 100 A. */
const LARGE_MAINS_A = 100;

/** What the menu's type number asks for; null: nothing of this kind. Text: why it cannot be read. */
export function chosenSource(
  typeId: number,
  from: {
    readonly address: number;
    readonly line: string | null;
    readonly homewizardUrl: string | null;
    readonly settings: SettingsCurrent;
  },
): SourceWish | string | null {
  const { address, line, homewizardUrl, settings } = from;
  if (typeId === SENSORBOX) {
    // GRID is 4Wire or 3Wire; the menu has no word for phases that turn the other way.
    const wiring = numberIn(settings, "grid", null) * 2;
    return sensorboxWish({
      address,
      line,
      wiring,
      ctFactor: numberIn(settings, "current_main", null) > LARGE_MAINS_A ? 2 : 1,
    });
  }
  if (typeId !== HOMEWIZARD) return null;
  if (homewizardUrl === null)
    return "where the HomeWizard meter is must be said in the site file: driver.homewizardUrl";
  return homewizardWish(homewizardUrl);
}

function sensorboxWish(box: Omit<SensorboxSpec, "kind">): SourceWish {
  return { typeLabel: "Sensorbox", address: box.address, spec: { kind: "sensorbox", ...box } };
}

function homewizardWish(url: string): SourceWish {
  const spec = httpSpec({ kind: "http", url, preset: "homewizard" });
  return { typeLabel: "HmWzrd P1", address: null, spec };
}

/** The register's bits: rotation in the lowest, three wires in the next. */
const SENSORBOX_REGISTER: Readonly<Record<(typeof SENSORBOX_WIRING)[number], number>> = {
  "4wire": 0,
  "4wire-ccw": 1,
  "3wire": 2,
  "3wire-ccw": 3,
};

function httpSpec(driver: SourceDriver & { readonly kind: "http" }): HttpSpec {
  const { password, token, phases = null } = driver;
  const preset = driver.preset === undefined ? null : httpPreset(driver.preset);
  const url = new URL(driver.url);
  // The preset knows that its device answers over TLS only.
  if (preset?.https === true) url.protocol = "https:";
  return {
    kind: "http",
    label: preset?.label ?? "HTTP",
    origin: url.origin,
    paths: preset?.paths ?? driver.paths ?? [],
    headers: { ...preset?.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    // Shelly has one user, and it is called so.
    login: password === undefined ? null : { user: driver.user ?? "admin", password },
    certificateFile: driver.certificateFile ?? null,
    newsEveryMs: preset?.newsEveryMs ?? ANY_RHYTHM_MS,
    passesOn: preset?.passesOn ?? false,
    mayLackPaths: preset?.mayLackPaths ?? false,
    reading: {
      map: preset?.map ?? driver.map ?? NOTHING,
      direction: preset?.direction ?? driver.direction ?? "power",
      phases,
    },
  };
}

const NOTHING: JsonMap = { currentA: [] };

function mqttSpec(driver: SourceDriver & { readonly kind: "mqtt" }): MqttSpec {
  const { url, user = null, password = null, phases = null, topic, direction = "power" } = driver;
  const common = { kind: "mqtt", url, user, password } as const;
  if (topic !== undefined) return { ...common, label: "MQTT", topics: [topic], reading: null };
  const preset = driver.preset === undefined ? null : mqttPreset(driver.preset);
  return {
    ...common,
    label: preset === null ? "MQTT" : `${preset.label} (MQTT)`,
    topics: preset?.topics(driver.device ?? "") ?? driver.topics ?? [],
    reading: { map: preset?.map ?? driver.map ?? NOTHING, direction, phases },
  };
}
