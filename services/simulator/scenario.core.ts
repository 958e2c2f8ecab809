/** Scenario words: what a person may tell the simulated site, and what is answered to what it does not understand. */
import { PHASES, type Phase } from "../../shared/contracts/units.ts";

export const CAR_ORDERS = ["full", "wants", "1p", "3p", "stuck", "deaf", "obeys"] as const;
export const BOARD_ORDERS = [
  "reset",
  "silent",
  "answers",
  "garbage",
  "rcm-trip",
  "rcm-clear",
  "rcm-deaf",
  "rcm-hears",
  "lock-stuck",
  "lock-moves",
  "contactor-stuck",
  "contactor-moves",
  "diode-gone",
  "diode-back",
  "switch-press",
  "switch-release",
  "sensor-broken",
] as const;
const METER_ORDERS = ["silent", "answers"] as const;
const CONTACTOR_ORDERS = ["weld", "free"] as const;
const SKIES = ["clear", "clouds"] as const;

export type Command =
  | { readonly kind: "house"; readonly phase: Phase; readonly addA: number }
  | { readonly kind: "house-auto" }
  | { readonly kind: "roof"; readonly powerW: number }
  | { readonly kind: "sky"; readonly sky: (typeof SKIES)[number] }
  | { readonly kind: "plug"; readonly evseId: string; readonly plugged: boolean }
  | { readonly kind: "car"; readonly evseId: string; readonly order: (typeof CAR_ORDERS)[number] }
  | { readonly kind: "meter"; readonly meter: string; readonly answers: boolean }
  | { readonly kind: "board"; readonly evseId: string; readonly order: (typeof BOARD_ORDERS)[number] }
  | { readonly kind: "temp"; readonly evseId: string; readonly temperatureC: number }
  | { readonly kind: "contactor"; readonly evseId: string; readonly welded: boolean };

/** The things of this site that words can name. */
export interface Names {
  readonly points: readonly string[];
  readonly meters: readonly string[];
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: string };

/** A command and when it is due. */
export interface Appointment {
  readonly atS: number;
  readonly words: string;
  readonly command: Command;
}

const MAX_HOUSE_A = 200;
const MAX_ROOF_W = 100_000;
/** What the sensor can tell. */
const LEAST_TEMPERATURE_C = -40;
const MOST_TEMPERATURE_C = 125;
const SECONDS_OF: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

const FORMS = [
  "house l1|l2|l3 AMPERES",
  "house auto",
  "roof WATTS|clear|clouds",
  "plug POINT",
  "unplug POINT",
  `car POINT ${CAR_ORDERS.join("|")}`,
  `meter METER ${METER_ORDERS.join("|")}`,
  `board POINT ${BOARD_ORDERS.join("|")}`,
  `contactor POINT ${CONTACTOR_ORDERS.join("|")}`,
  "temp POINT CELSIUS",
] as const;

/** Understands "house l2 18", "unplug left", ... The error quotes the offending word and lists what is possible. */
export function parseCommand(text: string, names: Names): Parsed<Command> {
  const [verb = "", ...rest] = words(text);
  switch (verb) {
    case "house":
      return parseHouse(rest);
    case "roof":
      return parseRoof(rest);
    case "plug":
    case "unplug":
      return withPoint(verb, rest, 1, names, evseId => good({ kind: "plug", evseId, plugged: verb === "plug" }));
    case "car":
      return withPoint(verb, rest, 2, names, evseId =>
        withChoice(rest[1], CAR_ORDERS, "car", order => ({ kind: "car", evseId, order })),
      );
    case "board":
      return withPoint(verb, rest, 2, names, evseId =>
        withChoice(rest[1], BOARD_ORDERS, "board", order => ({ kind: "board", evseId, order })),
      );
    case "temp":
      return withPoint(verb, rest, 2, names, evseId => parseTemperature(evseId, rest[1]));
    case "contactor":
      return withPoint(verb, rest, 2, names, evseId =>
        withChoice(rest[1], CONTACTOR_ORDERS, "contactor", order => ({
          kind: "contactor",
          evseId,
          welded: order === "weld",
        })),
      );
    case "meter":
      return parseMeter(rest, names);
    case "":
      return bad(`nothing said; expected ${FORMS.join(", ")}`);
    default:
      return bad(`"${verb}" is not understood; expected ${FORMS.join(", ")}`);
  }
}

/** Understands a line of a scenario: "at 60 s house l2 18". */
export function parseAppointment(text: string, names: Names): Parsed<Appointment> {
  const [at, amount = "", unit = "", ...rest] = words(text);
  if (at !== "at") return bad(`"${text}" names no time; expected "at 60 s ..." (s, min or h)`);
  const value = numberOf(amount);
  if (value === null || value < 0) return bad(`"${amount}" is not a time; expected "at 60 s ..." (s, min or h)`);
  const perUnitS = SECONDS_OF[unit];
  if (perUnitS === undefined) return bad(`"${unit}" is not a unit of time; expected s, min or h`);
  const command = parseCommand(rest.join(" "), names);
  if (!command.ok) return command;
  return { ok: true, value: { atS: value * perUnitS, words: rest.join(" "), command: command.value } };
}

/** What a command has brought about, for the one who gave it. */
export function describe(command: Command): string {
  switch (command.kind) {
    case "house":
      return command.addA === 0
        ? `the house draws nothing extra on ${command.phase.toUpperCase()}`
        : `the house draws ${command.addA} A more on ${command.phase.toUpperCase()} until changed`;
    case "house-auto":
      return "the house does as it likes";
    case "roof":
      return `the roof gives ${command.powerW} W until changed`;
    case "sky":
      return command.sky === "clear" ? "the sky is clear" : "clouds pass";
    case "plug":
      return `${command.evseId}: car ${command.plugged ? "plugged in" : "unplugged"}`;
    case "car":
      return `${command.evseId}: ${CAR_SAYS[command.order]}`;
    case "meter":
      return `meter ${command.meter} ${command.answers ? "answers" : "is silent"}`;
    case "board":
      return `board ${command.evseId}: ${BOARD_SAYS[command.order]}`;
    case "temp":
      return `${command.evseId}: the board is at ${command.temperatureC} degC until changed`;
    case "contactor":
      return `contactor ${command.evseId} ${command.welded ? "is welded shut" : "moves freely"}`;
  }
}

const CAR_SAYS: Readonly<Record<(typeof CAR_ORDERS)[number], string>> = {
  full: "the car is full",
  wants: "the car wants energy",
  "1p": "the car charges on one phase",
  "3p": "the car charges on three phases",
  stuck: "the car ignores the end of the pilot signal",
  deaf: "the car goes on drawing what it draws, whatever it is offered",
  obeys: "the car follows the pilot again",
};

const BOARD_SAYS: Readonly<Record<(typeof BOARD_ORDERS)[number], string>> = {
  reset: "restarted",
  silent: "says nothing",
  answers: "answers again",
  garbage: "sent garbage",
  "rcm-trip": "residual current flows",
  "rcm-clear": "no residual current",
  "rcm-deaf": "the residual-current monitor does not answer its test",
  "rcm-hears": "the residual-current monitor answers its test",
  "lock-stuck": "the plug lock does not move",
  "lock-moves": "the plug lock moves",
  "contactor-stuck": "the contactors do not close",
  "contactor-moves": "the contactors close",
  "diode-gone": "the car's diode is bridged",
  "diode-back": "the car has its diode",
  "switch-press": "the external switch is pressed",
  "switch-release": "the external switch is released",
  "sensor-broken": "the temperature sensor's wire is broken",
};

function parseHouse([where, amount, ...more]: readonly string[]): Parsed<Command> {
  const form = 'expected "house l1|l2|l3 AMPERES" or "house auto"';
  if (where === "auto" && amount === undefined) return good({ kind: "house-auto" });
  const phase = PHASES.find(known => known === where);
  if (phase === undefined) return bad(`house ${quoted(where)}: ${form}`);
  if (more.length > 0) return bad(`house: "${more.join(" ")}" is too much; ${form}`);
  const addA = numberOf(amount ?? "");
  if (addA === null || Math.abs(addA) > MAX_HOUSE_A) {
    return bad(`house ${phase} ${quoted(amount)}: expected a current of -${MAX_HOUSE_A}..${MAX_HOUSE_A} A`);
  }
  return good({ kind: "house", phase, addA });
}

function parseRoof([what, ...more]: readonly string[]): Parsed<Command> {
  const form = `expected 0..${MAX_ROOF_W} W, clear or clouds`;
  if (more.length > 0) return bad(`roof: "${more.join(" ")}" is too much; ${form}`);
  const sky = SKIES.find(known => known === what);
  if (sky !== undefined) return good({ kind: "sky", sky });
  const powerW = numberOf(what ?? "");
  if (powerW === null || powerW < 0 || powerW > MAX_ROOF_W) return bad(`roof ${quoted(what)}: ${form}`);
  return good({ kind: "roof", powerW });
}

function parseMeter(rest: readonly string[], names: Names): Parsed<Command> {
  const [meter, order, ...more] = rest;
  if (meter === undefined || !names.meters.includes(meter)) {
    return bad(`meter ${quoted(meter)}: expected one of ${listed(names.meters, "no meter is simulated")}`);
  }
  if (more.length > 0) return bad(`meter: "${more.join(" ")}" is too much; expected ${METER_ORDERS.join(" or ")}`);
  return withChoice(order, METER_ORDERS, "meter", chosen => ({ kind: "meter", meter, answers: chosen === "answers" }));
}

function parseTemperature(evseId: string, amount: string | undefined): Parsed<Command> {
  const temperatureC = numberOf(amount ?? "");
  const possible = temperatureC !== null && temperatureC >= LEAST_TEMPERATURE_C && temperatureC <= MOST_TEMPERATURE_C;
  if (!possible) {
    return bad(`temp ${quoted(amount)}: expected ${LEAST_TEMPERATURE_C} to ${MOST_TEMPERATURE_C} degC`);
  }
  return good({ kind: "temp", evseId, temperatureC });
}

/** Checks the charge point and that nothing stands behind the last word. */
function withPoint(
  verb: string,
  rest: readonly string[],
  length: number,
  names: Names,
  then: (evseId: string) => Parsed<Command>,
): Parsed<Command> {
  const [evseId] = rest;
  if (evseId === undefined || !names.points.includes(evseId)) {
    return bad(`${verb} ${quoted(evseId)}: expected one of ${listed(names.points, "no charge point is simulated")}`);
  }
  const more = rest.slice(length);
  return more.length > 0 ? bad(`${verb} ${evseId}: "${more.join(" ")}" is too much`) : then(evseId);
}

function withChoice<Word extends string>(
  given: string | undefined,
  choices: readonly Word[],
  verb: string,
  make: (chosen: Word) => Command,
): Parsed<Command> {
  const chosen = choices.find(known => known === given);
  return chosen === undefined
    ? bad(`${verb} ${quoted(given)}: expected one of ${choices.join(", ")}`)
    : good(make(chosen));
}

function words(text: string): readonly string[] {
  return text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== "");
}

/** A plain decimal number; null of anything else ("", "0x10", "1e9", "NaN"). */
function numberOf(word: string): number | null {
  return /^-?\d{1,9}(\.\d{1,6})?$/.test(word) ? Number(word) : null;
}

function quoted(word: string | undefined): string {
  return word === undefined ? "(nothing)" : `"${word}"`;
}

function listed(known: readonly string[], none: string): string {
  return known.length === 0 ? `nothing: ${none}` : known.join(", ");
}

function good(command: Command): Parsed<Command> {
  return { ok: true, value: command };
}

function bad(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
