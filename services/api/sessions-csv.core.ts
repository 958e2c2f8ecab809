import type { StoredSession } from "../../shared/contracts/history.ts";

type Cell = string | number | null;

/** One column: its name, unit included, and what stands in it. */
const COLUMNS: readonly (readonly [name: string, cell: (stored: StoredSession, serial: number | null) => Cell])[] = [
  ["number", ({ number }) => number],
  ["session_id", ({ session }) => session.sessionId],
  ["charge_point", ({ evseId }) => evseId],
  ["serial", (_stored, serial) => serial],
  ["plugged_in", ({ session }) => session.startedAt],
  ["charging_began", ({ session }) => session.chargingStartedAt],
  ["unplugged", ({ session }) => session.endedAt],
  ["charging_s", ({ session }) => Math.round(session.chargingMs / 1_000)],
  ["energy_kwh", ({ session }) => kwh(session.energyWh)],
  ["energy_source", ({ session }) => session.energySource],
  ["register_begin_kwh", ({ session }) => kwh(session.startRegisterWh)],
  ["register_end_kwh", ({ session }) => kwh(session.endRegisterWh)],
  ["solar_kwh", ({ split }) => kwh(split.solarWh)],
  ["grid_kwh", ({ split }) => kwh(split.gridWh)],
  ["unknown_kwh", ({ split }) => kwh(split.unknownWh)],
  ["split_source", ({ split }) => split.source],
  ["peak_a", ({ session }) => session.peakCurrentA],
  ["phases", ({ session }) => session.phases],
  ["mode", ({ session }) => session.mode],
  ["stop_reason", ({ session }) => session.stopReason],
  ["interruptions", ({ session }) => session.interruptions],
  ["card_user", ({ session }) => session.card?.user ?? null],
  ["card_last_digits", ({ session }) => session.card?.lastDigits ?? null],
];

/** The line with the names of the columns (RFC 4180). */
export function csvHead(): string {
  return lineOf(COLUMNS.map(([name]) => name));
}

/** One line per session. Times are UTC. */
export function csvOf(sessions: readonly StoredSession[], serials: ReadonlyMap<string, number>): string {
  return sessions
    .map(stored => lineOf(COLUMNS.map(([, cell]) => cell(stored, serials.get(stored.evseId) ?? null))))
    .join("");
}

function lineOf(cells: readonly Cell[]): string {
  return `${cells.map(textOf).join(",")}\r\n`;
}

function textOf(cell: Cell): string {
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  // A spreadsheet takes what begins like this for a formula.
  const plain = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function kwh(energyWh: number | null): string | null {
  return energyWh === null ? null : (energyWh / 1_000).toFixed(3);
}
