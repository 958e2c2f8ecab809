import { EvseError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";

/** A command line that cannot be carried out as written. Nothing was done. */
export class WrongUse extends EvseError {
  readonly code = "cli.wrong-use";
}

/** One `--option`: a switch, or with `value` (its name in the help) something that follows it. */
export interface OptionDefinition {
  readonly value?: string;
  readonly help: string;
}
export type OptionTable = Readonly<Record<string, OptionDefinition>>;

type ValueOf<D extends OptionDefinition> = D extends { readonly value: string } ? string | undefined : boolean;
export type OptionsOf<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export interface Arguments<T extends OptionTable> {
  readonly options: OptionsOf<T>;
  /** What stands without dashes. */
  readonly words: readonly string[];
}

/** Reads `--name`, `--name VALUE` and `--name=VALUE`; refuses what the table does not know, by name. */
export function readArguments<T extends OptionTable>(args: readonly string[], table: T): Arguments<T> {
  const given = new Map<string, string | true>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      continue;
    }
    const [, name = "", attached] = /^--?([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const definition = arg.startsWith("--") && Object.hasOwn(table, name) ? table[name] : undefined;
    if (definition === undefined) throw new WrongUse(unknown(arg, name, table));
    if (given.has(name)) throw new WrongUse(`--${name} is given twice`);
    if (definition.value === undefined) {
      if (attached !== undefined) throw new WrongUse(`--${name} takes no value; found "${attached}"`);
      given.set(name, true);
      continue;
    }
    const value = attached ?? args[++at];
    if (value === undefined || value === "" || (attached === undefined && /^--[a-z]/.test(value))) {
      throw new WrongUse(`--${name} needs a value: --${name} ${definition.value}`);
    }
    given.set(name, value);
  }
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [
      name,
      given.get(name) ?? (value === undefined ? false : undefined),
    ]),
  ) as OptionsOf<T>;
  return { options, words };
}

function unknown(arg: string, name: string, table: OptionTable): string {
  const known = Object.keys(table);
  const close = nearest(name, known);
  const dashed = (names: readonly string[], between: string): string => names.map(key => `--${key}`).join(between);
  const hint =
    close.length === 0 ? `expected one of: ${dashed(known, ", ")}` : `did you mean ${dashed(close, " or ")}?`;
  return `there is no option ${arg}; ${hint}`;
}

/** The options as lines of a help text. */
export function helpOf(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, { value, help }]) => ({
    left: value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`).join("\n");
}
