import { catalogue } from "../../shared/settings/catalogue/index.ts";
import type { SettingDefinition } from "../../shared/settings/definition.ts";
import { isStored } from "../../shared/settings/read.ts";
import { permitted } from "../../shared/settings/validate.ts";
import { VISIBLE_WHEN } from "../../shared/settings/visibility.ts";

const INTRODUCTION = `# Settings

Written by \`npm run docs\` from \`shared/settings/catalogue\`; do not edit.

What a person may change at run time. In force is what somebody has set, else what the site file says under \`settings\`, else the
default here. A change is acknowledged once the store has it durably. Numbers on every interface are the stored ones, except REST
\`mode\` (0 OFF, 1 NORMAL, 2 SOLAR, 3 SMART, 4 PAUSE) and the words MQTT uses for it.

* **of**: the whole site, or each charge point for itself.
* **seen when**: when menu and forms show it; *not on a node*: hidden and refused while PWR SHARE is Node 1..7.
* **kept**: *no* means that a restart forgets it.
* **REST**: the parameter of \`POST /settings\` and the place in \`GET /settings\`; \`mqtt_*\` with \`mqtt_update=1\`, \`ocpp_*\` with
  \`ocpp_update=1\`. \`PATCH /api/v1/settings\` takes every key. **MQTT**, **Modbus**: names kept for those interfaces, which are not there yet.
`;

/** `docs/settings.md`. */
export function settingsPage(): string {
  const inMenu = catalogue.filter(setting => setting.menuOrder !== null).sort((a, b) => order(a) - order(b));
  const beside = catalogue.filter(setting => setting.menuOrder === null && isStored(setting));
  const commands = catalogue.filter(setting => setting.menuOrder === null && !isStored(setting));
  return [
    INTRODUCTION,
    section("In the LCD menu, in its order", inMenu),
    section("Web page and interfaces", beside),
    section("Commands and feeds: nothing is stored", commands),
  ].join("\n");
}

function section(title: string, settings: readonly SettingDefinition[]): string {
  const columns = ["Key", "Label", "", "Of", "Permitted", "Default", "Seen when", "Kept", "REST", "MQTT", "Modbus"];
  const head = `| ${columns.join(" | ")} |\n|${columns.map(() => "---").join("|")}|`;
  return `## ${title}\n\n${head}\n${settings.map(row).join("\n")}\n`;
}

function row(setting: SettingDefinition): string {
  const rest = [
    setting.restParam === null ? null : `set \`${setting.restParam}\``,
    setting.restPath === null ? null : `get ${setting.restPath}`,
  ];
  const cells = [
    `\`${setting.key}\``,
    setting.label ?? "",
    setting.title,
    setting.scope === "site" ? "site" : "charge point",
    permitted(setting),
    defaultOf(setting),
    `${VISIBLE_WHEN[setting.visible]}${setting.nodeAllowed ? "" : "; not on a node"}`,
    setting.persisted ? "yes" : "no",
    rest.filter(part => part !== null).join(", "),
    setting.mqttSetTopic ?? "",
    setting.modbusRegister ?? "",
  ];
  return `| ${cells.map(cell => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function defaultOf(setting: SettingDefinition): string {
  if (setting.default === null) return "";
  if (setting.default === "") return "(empty)";
  const label = setting.options?.find(option => option.value === setting.default)?.label;
  if (label !== undefined) return `${String(setting.default)} ${label}`;
  return `${typeof setting.default === "object" ? JSON.stringify(setting.default) : setting.default}${setting.unit === null ? "" : ` ${setting.unit}`}`;
}

function order(setting: SettingDefinition): number {
  return setting.menuOrder ?? 0;
}
