/** Whom a value belongs to: the whole site, or one charge point. */
export type SettingScope = "site" | "point";

export type SettingType =
  | "enum"
  | "integer"
  | "boolean"
  | "string"
  | "secret"
  | "text"
  | "datetime"
  | "rgb"
  | "json"
  /** A momentary command; nothing is stored. */
  | "action"
  /** Measured values fed from outside; they go to a meter, nothing is stored. */
  | "feed";

export interface SettingOption {
  readonly value: number;
  readonly label: string;
}

/** When a menu or a form shows a setting; the rules stand in `visibility.ts`. */
export type VisibilityRule =
  | "always"
  | "never"
  | "socket"
  | "smart-or-solar"
  | "smart-or-solar-master"
  | "sensorbox-ct"
  | "sensorbox-v2"
  | "mains-modbus"
  | "ev-modbus"
  | "custom-meter"
  | "mains-configured"
  | "circuit"
  | "solar"
  | "wifi"
  | "capacity"
  | "master"
  | "cap-interval"
  | "circuit-modbus"
  | "circuit-api"
  | "mains-api"
  | "ev-api"
  | "mains-homewizard"
  | "ev-homewizard"
  | "circuit-homewizard"
  | "contactor2"
  | "linky"
  | "modem"
  | "rfid"
  | "normal-or-smart"
  /** Not in the LCD menu: web page and interfaces only. */
  | "web";

/** One setting: the single row that feeds validation, menu, REST, MQTT, web form and Home Assistant. */
export interface SettingDefinition {
  readonly key: string;
  /** Menu label; null where the menu does not show it. */
  readonly label: string | null;
  readonly title: string;
  readonly type: SettingType;
  readonly scope: SettingScope;
  readonly unit: string | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number | null;
  /** 0 stands for "off" and the range begins at `min`: "0 or 10..600". */
  readonly zeroIsOff: boolean;
  readonly options: readonly SettingOption[] | null;
  readonly default: number | string | readonly number[] | null;
  readonly visible: VisibilityRule;
  /** Whether a power-share node may set it (seed 001, "D/M only"). */
  readonly nodeAllowed: boolean;
  readonly persisted: boolean;
  /** Position in the menu, as in the product document; null = not in it. */
  readonly menuOrder: number | null;
  /** Name of the REST parameter that sets it, where there is one. */
  readonly restParam: string | null;
  /** Path in GET /settings that shows it. */
  readonly restPath: string | null;
  /** MQTT topic below the prefix that sets it. */
  readonly mqttSetTopic: string | null;
  readonly modbusRegister: string | null;
}

/** A row as it is written down: what is absent is the common case. */
export type SettingRow = Pick<SettingDefinition, "key" | "label" | "title" | "type" | "scope"> &
  Partial<Omit<SettingDefinition, "key" | "label" | "title" | "type" | "scope">>;

/** Fills in what a row leaves out. */
export function defineSetting(row: SettingRow): SettingDefinition {
  return {
    unit: null,
    min: null,
    max: null,
    step: null,
    zeroIsOff: false,
    options: null,
    default: null,
    visible: "web",
    nodeAllowed: true,
    persisted: true,
    menuOrder: null,
    restParam: null,
    restPath: null,
    mqttSetTopic: null,
    modbusRegister: null,
    ...row,
  };
}
