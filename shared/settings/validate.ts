import type { SettingValue } from "../contracts/settings.ts";
import type { SettingDefinition, SettingOption } from "./definition.ts";

/** Longest text where a row names no limit of its own: an address or name, and a PEM chain. */
const MAX_LENGTH = { string: 255, secret: 255, text: 16_384 } as const;
/** A table of a day by the quarter hour. */
const MAX_INTERVALS = 96;

/** A judged value: what will be stored, or why it will not. */
export type Judged =
  | { readonly ok: true; readonly value: SettingValue }
  | { readonly ok: false; readonly error: string };

/** Checks one value against its row. The error names what was given and what would be right. */
export function judgeSetting(setting: SettingDefinition, value: unknown): Judged {
  switch (setting.type) {
    case "enum":
      return judgeOption(setting, value);
    case "integer":
    case "boolean":
      return judgeInteger(setting, value);
    case "string":
    case "secret":
    case "text":
      return judgeText(setting, setting.type, value);
    case "datetime":
      return judgeDateTime(value);
    case "rgb":
      return judgeColour(value);
    case "json":
      return judgeIntervals(setting, value);
    case "action":
      return { ok: false, error: "is a command, not a value that can be stored" };
    case "feed":
      return { ok: false, error: "is a feed of measured values, not a setting; a meter of type API takes it" };
  }
}

/** The permitted values in words: "6..16 A", "0 (off) or 10..600 A", "0 Normal, 1 Smart, 2 Solar". */
export function permitted(setting: SettingDefinition): string {
  if (setting.type === "boolean") return "0 or 1";
  if (isListed(setting)) return setting.options.map(option => `${option.value} ${option.label}`).join(", ");
  const unit = setting.unit === null ? "" : ` ${setting.unit}`;
  if (setting.type === "integer") {
    const range = `${setting.min ?? "-∞"}..${setting.max ?? "∞"}${unit}`;
    return setting.zeroIsOff ? `0 (off) or ${range}` : range;
  }
  switch (setting.type) {
    case "rgb":
      return "three whole numbers 0..255";
    case "datetime":
      return 'local time "YYYY-MM-DDTHH:MM", or "" for none';
    case "json":
      return `a list of at most ${MAX_INTERVALS} { start: 0..1439 min, power: 0..32000 W }`;
    case "string":
    case "secret":
    case "text":
      return `text of at most ${setting.max ?? MAX_LENGTH[setting.type]} characters`;
    case "action":
      return "a command, without a value";
    case "feed":
      return "a feed of measured values";
    case "enum":
      return "nothing: it lists no options";
  }
}

/** Whether the options are all there is. With `zeroIsOff` they only name the 0 beside the range. */
function isListed(setting: SettingDefinition): setting is SettingDefinition & { options: readonly SettingOption[] } {
  return setting.options !== null && !setting.zeroIsOff;
}

function judgeOption(setting: SettingDefinition, value: unknown): Judged {
  const known = setting.options?.some(option => option.value === value) ?? false;
  return known ? { ok: true, value: value as number } : refuse(`expected one of ${permitted(setting)}`, value);
}

/** The step is for menus and sliders; the interfaces take any whole number of the range. */
function judgeInteger(setting: SettingDefinition, value: unknown): Judged {
  if (setting.type === "integer" && isListed(setting)) return judgeOption(setting, value);
  if (typeof value !== "number" || !Number.isInteger(value)) return refuse(`expected ${permitted(setting)}`, value);
  const [min, max] = setting.type === "boolean" ? [0, 1] : [setting.min ?? -Infinity, setting.max ?? Infinity];
  const good = (setting.zeroIsOff && value === 0) || (value >= min && value <= max);
  // + 0 turns -0 into 0: stores would not keep the difference.
  return good ? { ok: true, value: value + 0 } : refuse(`expected ${permitted(setting)}`, value);
}

function judgeText(setting: SettingDefinition, type: keyof typeof MAX_LENGTH, value: unknown): Judged {
  if (typeof value !== "string") return refuse(`expected ${permitted(setting)}`, value);
  const most = setting.max ?? MAX_LENGTH[type];
  if (value.length > most) return { ok: false, error: `expected ${permitted(setting)}, got ${value.length}` };
  // Half of a character comes back from a store as another text.
  if (!value.isWellFormed()) return { ok: false, error: "expected text of whole Unicode characters" };
  // Only certificates have lines; elsewhere control characters would end up in topics, headers and logs.
  if (type !== "text" && /[\u0000-\u001f\u007f]/.test(value)) {
    return { ok: false, error: "expected text on one line, without control characters" };
  }
  return { ok: true, value };
}

function judgeDateTime(value: unknown): Judged {
  if (value === "" || (typeof value === "string" && isLocalTime(value))) return { ok: true, value };
  return refuse('expected local time "YYYY-MM-DDTHH:MM", or "" for none', value);
}

/** Read as UTC and written again, a date that does not exist (31 February) comes out as another one. */
function isLocalTime(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return false;
  const at = Date.parse(`${text}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function judgeColour(value: unknown): Judged {
  const good =
    Array.isArray(value) &&
    value.length === 3 &&
    value.every(part => Number.isInteger(part) && part >= 0 && part <= 255);
  return good ? { ok: true, value: value as number[] } : refuse("expected three whole numbers 0..255", value);
}

function judgeIntervals(setting: SettingDefinition, value: unknown): Judged {
  if (!Array.isArray(value) || value.length > MAX_INTERVALS || !value.every(isInterval)) {
    return refuse(`expected ${permitted(setting)}`, value);
  }
  return { ok: true, value: value.map(({ start, power }) => ({ start, power })) };
}

function isInterval(rule: unknown): rule is { start: number; power: number } {
  const { start, power } = (rule ?? {}) as { start?: unknown; power?: unknown };
  return inRange(start, 1439) && inRange(power, 32_000);
}

function inRange(value: unknown, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function refuse(expectation: string, value: unknown): Judged {
  return { ok: false, error: `${expectation}, got ${shown(value)}` };
}

/** What was given, as text that is safe to show and not longer than a line. */
function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = (JSON.stringify(value) as string | undefined) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
