import type { SettingValue } from "../contracts/settings.ts";
import type { SettingDefinition } from "./definition.ts";

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
      return judgeText(setting, value);
    case "datetime":
      return judgeDateTime(value);
    case "rgb":
      return judgeColour(value);
    case "json":
      return judgeIntervals(value);
    case "action":
    case "feed":
      return refuse("is a command, not a value that can be stored", value);
  }
}

/** The permitted values in words: "6..16 A", "0 (off) or 10..600 A", "0 Normal, 1 Smart, 2 Solar". */
export function permitted(setting: SettingDefinition): string {
  if (setting.type === "boolean") return "0 or 1";
  if (setting.options !== null) return setting.options.map(option => `${option.value} ${option.label}`).join(", ");
  const unit = setting.unit === null ? "" : ` ${setting.unit}`;
  if (setting.type === "integer") {
    const range = `${setting.min ?? "-∞"}..${setting.max ?? "∞"}${unit}`;
    return setting.zeroIsOff ? `0 (off) or ${range}` : range;
  }
  if (setting.type === "rgb") return "three whole numbers 0..255";
  if (setting.type === "datetime") return 'local time "YYYY-MM-DDTHH:MM", or "" for none';
  if (setting.type === "json") return "a list of { start: 0..1439 min, power: 0..32000 W }";
  return setting.max === null ? "text" : `text of at most ${setting.max} characters`;
}

function judgeOption(setting: SettingDefinition, value: unknown): Judged {
  const known = setting.options?.some(option => option.value === value) ?? false;
  return known ? { ok: true, value: value as number } : refuse(`expected one of ${permitted(setting)}`, value);
}

function judgeInteger(setting: SettingDefinition, value: unknown): Judged {
  if (typeof value !== "number" || !Number.isInteger(value)) return refuse(`expected ${permitted(setting)}`, value);
  if (setting.type === "boolean")
    return value === 0 || value === 1 ? { ok: true, value } : refuse("expected 0 or 1", value);
  if (setting.zeroIsOff && value === 0) return { ok: true, value };
  const inRange = value >= (setting.min ?? -Infinity) && value <= (setting.max ?? Infinity);
  const onStep = setting.step === null || setting.step <= 1 || (value - (setting.min ?? 0)) % setting.step === 0;
  if (inRange && onStep) return { ok: true, value };
  return refuse(`expected ${permitted(setting)}${onStep ? "" : ` in steps of ${setting.step}`}`, value);
}

function judgeText(setting: SettingDefinition, value: unknown): Judged {
  if (typeof value !== "string") return refuse("expected text", value);
  if (setting.max !== null && value.length > setting.max) {
    return { ok: false, error: `expected ${permitted(setting)}, got ${value.length}` };
  }
  return { ok: true, value };
}

function judgeDateTime(value: unknown): Judged {
  if (value === "") return { ok: true, value };
  if (
    typeof value === "string" &&
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  ) {
    return { ok: true, value };
  }
  return refuse('expected local time "YYYY-MM-DDTHH:MM", or "" for none', value);
}

function judgeColour(value: unknown): Judged {
  const good =
    Array.isArray(value) &&
    value.length === 3 &&
    value.every(part => Number.isInteger(part) && part >= 0 && part <= 255);
  return good ? { ok: true, value: value as number[] } : refuse("expected three whole numbers 0..255", value);
}

function judgeIntervals(value: unknown): Judged {
  const good =
    Array.isArray(value) &&
    value.every(
      (rule: { start?: unknown; power?: unknown } | null) => inRange(rule?.start, 1439) && inRange(rule?.power, 32_000),
    );
  return good
    ? { ok: true, value: value as { start: number; power: number }[] }
    : refuse("expected a list of { start: 0..1439 min, power: 0..32000 W }", value);
}

function inRange(value: unknown, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function refuse(expectation: string, value: unknown): Judged {
  return { ok: false, error: `${expectation}, got ${value === undefined ? "nothing" : JSON.stringify(value)}` };
}
