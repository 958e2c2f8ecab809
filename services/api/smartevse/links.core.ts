import { intParam, type Json, type Params } from "./parse.core.ts";
import {
  answerOnly,
  change,
  NOT_ALLOWED,
  type Outcome,
  type SettingsContext,
  type Wish,
  wishFor,
} from "./plan.core.ts";

/** A web form shows a password that is set as eight bullets and sends them back untouched. */
const UNTOUCHED_PASSWORD = "\u2022".repeat(8);
const DEFAULT_MQTT_PORT = 1883;
/** The firmware's buffer for one value. */
const MAX_CERTIFICATE = 2047;

/** The MQTT group: read only with `mqtt_update=1` (spec interfaces 1.4). Replies hold the keys that were sent. */
export function mqttWishes(params: Params, { evseId, serial, settings }: SettingsContext): readonly Wish[] {
  if (intParam(params, "mqtt_update") !== 1) return [];
  const wishes: Wish[] = [];
  const set = (key: string, value: string | number, replyKey = key, reply: Json = value): void => {
    wishes.push(wishFor(change(key, evseId, value), replyKey, reply, NOT_ALLOWED));
  };
  const host = params.get("mqtt_host");
  if (host !== undefined) set("mqtt_host", host.trim());
  const port = intParam(params, "mqtt_port");
  if (port !== null) set("mqtt_port", port === 0 ? DEFAULT_MQTT_PORT : port);
  const prefix = params.get("mqtt_topic_prefix");
  if (prefix !== undefined) set("mqtt_topic_prefix", prefix === "" ? `SmartEVSE-${serial}` : prefix);
  const username = params.get("mqtt_username");
  if (username !== undefined) set("mqtt_username", username);
  const password = params.get("mqtt_password");
  if (password === "" || password === UNTOUCHED_PASSWORD) {
    const isSet = settings.secretsSet?.site.includes("mqtt_password") ?? false;
    wishes.push(answerOnly({ mqtt_password_set: isSet }));
  } else if (password !== undefined) set("mqtt_password", password, "mqtt_password_set", true);
  const tls = params.get("mqtt_tls");
  if (tls !== undefined) set("mqtt_tls", tls === "1" ? 1 : 0, "mqtt_tls", tls === "1");
  const certificate = params.get("mqtt_ca_cert");
  if (certificate !== undefined && certificate.length <= MAX_CERTIFICATE) {
    set("mqtt_ca_cert", certificate, "mqtt_ca_cert_set", certificate !== "");
  } else if (certificate !== undefined) wishes.push(answerOnly({ mqtt_ca_cert_set: NOT_ALLOWED }));
  return wishes;
}

/** These two may come with or without `mqtt_update` and never say anything. */
export function silentMqttWishes(params: Params, { evseId }: SettingsContext): readonly Wish[] {
  return ["mqtt_heartbeat", "mqtt_change_only"].flatMap(key => {
    const value = intParam(params, key);
    return value === null ? [] : [{ changes: [change(key, evseId, value)], reply: () => ({}) }];
  });
}

/** A text parameter of the OCPP group: its check, or null where any text will do. */
interface OcppText {
  readonly param: string;
  readonly objection: (text: string) => string | null;
}

const OCPP_TEXTS: readonly OcppText[] = [
  { param: "ocpp_backend_url", objection: objectionToUrl },
  { param: "ocpp_cb_id", objection: objectionToChargeBoxId },
  { param: "ocpp_auth_key", objection: text => (text.length > 40 ? "Auth key exceeds 40 characters" : null) },
  { param: "ocpp_auto_auth_idtag", objection: text => (text.length > 20 ? NOT_ALLOWED : null) },
];
const OCPP_OFF = "Can only update when OCPP enabled";

/** The OCPP group: read only with `ocpp_update=1`. Fields may be edited while OCPP is off, not while switching it off. */
export function ocppWishes(params: Params, { evseId }: SettingsContext): readonly Wish[] {
  if (intParam(params, "ocpp_update") !== 1) return [];
  const wishes: Wish[] = [];
  const mode = intParam(params, "ocpp_mode");
  if (mode !== null) wishes.push(wishFor(change("ocpp_mode", evseId, mode), "ocpp_mode", mode, NOT_ALLOWED));
  for (const { param, objection } of OCPP_TEXTS) {
    const text = params.get(param);
    if (text === undefined) continue;
    const problem = mode === 0 ? OCPP_OFF : objection(text);
    wishes.push(problem === null ? ocppTextWish(param, evseId, text) : answerOnly({ [param]: problem }));
  }
  const autoAuth = intParam(params, "ocpp_auto_auth");
  if (autoAuth !== null && mode === 0) wishes.push(answerOnly({ ocpp_auto_auth: OCPP_OFF }));
  else if (autoAuth !== null) {
    wishes.push(wishFor(change("ocpp_auto_auth", evseId, autoAuth), "ocpp_auto_auth", autoAuth, NOT_ALLOWED));
  }
  return wishes;
}

/** The key is never echoed (the firmware does): only that one is set. */
function ocppTextWish(param: string, evseId: string, text: string): Wish {
  const wanted = change(param, evseId, text);
  if (param !== "ocpp_auth_key") return wishFor(wanted, param, text, NOT_ALLOWED);
  const accepted = (outcomes: readonly Outcome[]): boolean => outcomes[0]?.ok === true;
  return {
    changes: [wanted],
    reply: outcomes =>
      accepted(outcomes) ? { ocpp_auth_key_set: text !== "" } : { ocpp_auth_key: "Invalid auth key" },
  };
}

/** ws or wss, no credentials, not the charger itself, nothing link-local; private networks are fine. */
function objectionToUrl(text: string): string | null {
  if (text === "") return "URL is empty";
  if (!/^wss?:\/\//i.test(text)) return "URL must start with ws:// or wss://";
  const [authority = ""] = text.replace(/^wss?:\/\//i, "").split(/[/?#]/);
  if (authority.includes("@")) return "URL must not contain embedded user:pass@ credentials";
  // Blanks, control characters and what some parsers take for a separator.
  if (/[\s\\{}\p{Cc}]/u.test(text) || !URL.canParse(text)) return "Invalid URL";
  const host = new URL(text).hostname.replace(/^\[|\]$/g, "");
  if (isLoopback(host)) return "URL must not point to the charger itself (loopback / 127.x / ::1)";
  if (isLinkLocal(host)) return "URL must not point to link-local (169.254.x / fe80::)";
  return null;
}

/** `URL` has made every spelling of an address one: 0x7f.1 is 127.0.0.1, ::ffff:127.0.0.1 is ::ffff:7f00:1. */
function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    /^(127\.|0\.0\.0\.0$)/.test(host) ||
    host === "::1" ||
    host === "::" ||
    /^::ffff:(7f|0:0$)/.test(host)
  );
}

function isLinkLocal(host: string): boolean {
  return host.startsWith("169.254.") || /^fe[89ab][0-9a-f]:/.test(host) || host.startsWith("::ffff:a9fe:");
}

function objectionToChargeBoxId(text: string): string | null {
  if (text === "") return "ChargeBoxId is empty";
  if (text.length > 20) return "ChargeBoxId exceeds 20 characters";
  return /^[\x20-\x7e]+$/.test(text) && !/[<>&"']/.test(text) ? null : "ChargeBoxId contains invalid characters";
}
