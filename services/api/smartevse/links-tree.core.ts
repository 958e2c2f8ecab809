import type { SettingsCurrent, SettingValue } from "../../../shared/contracts/settings.ts";
import { settingOf } from "../../../shared/settings/catalogue/index.ts";
import { settingIn } from "../../../shared/settings/read.ts";
import type { PointIdentity } from "../identity.ts";
import type { Reply } from "./parse.core.ts";

/** The `mqtt` and `ocpp` parts of GET /settings. Of secrets only whether they are set. */
export function linksTree(settings: SettingsCurrent, point: PointIdentity): Reply {
  return { mqtt: mqttTree(settings, point), ocpp: ocppTree(settings, point.id) };
}

function mqttTree(settings: SettingsCurrent, point: PointIdentity): Reply {
  const site = (key: string): SettingValue | null => settingIn(settings, key, null);
  return {
    host: text(site("mqtt_host")),
    port: number(site("mqtt_port")),
    // Victron learns the base topic here: it must not be empty.
    topic_prefix: prefixOf(settings, point),
    username: text(site("mqtt_username")),
    password_set: settings.secretsSet?.site.includes("mqtt_password") ?? false,
    tls: site("mqtt_tls") === 1,
    smartevse_server: site("app_server") === 1,
    status: "Disconnected",
    change_only: site("mqtt_change_only") === 1,
    heartbeat: number(site("mqtt_heartbeat")),
  };
}

function prefixOf(settings: SettingsCurrent, point: PointIdentity): string {
  const prefix = text(settingIn(settings, "mqtt_topic_prefix", point.id));
  const ownName = prefix === "" || prefix === settingOf("mqtt_topic_prefix")?.default;
  return ownName ? `SmartEVSE-${point.serial}` : prefix;
}

function ocppTree(settings: SettingsCurrent, evseId: string): Reply {
  const own = (key: string): SettingValue | null => settingIn(settings, key, evseId);
  return {
    mode: own("ocpp_mode") === 1 ? "Enabled" : "Disabled",
    backend_url: text(own("ocpp_backend_url")),
    cb_id: text(own("ocpp_cb_id")),
    // The firmware tells the key in clear text; the field stays for clients that read it.
    auth_key: "",
    auth_key_set: settings.secretsSet?.points[evseId]?.includes("ocpp_auth_key") ?? false,
    auto_auth: own("ocpp_auto_auth") === 1 ? "Enabled" : "Disabled",
    auto_auth_idtag: text(own("ocpp_auto_auth_idtag")),
    status: "Disconnected",
    tx_active: false,
    smart_charging_active: false,
    lb_conflict: false,
    tx_starts: 0,
    tx_stops: 0,
    auth_accepts: 0,
    auth_rejects: 0,
    auth_timeouts: 0,
    current_limit_a: -1,
  };
}

function text(value: SettingValue | null): string {
  return typeof value === "string" ? value : "";
}

function number(value: SettingValue | null): number {
  return typeof value === "number" ? value : 0;
}
