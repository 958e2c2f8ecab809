import { ACCESS } from "../../shared/settings/charge-mode.ts";
import { daysLater, instantOf, type WallTime } from "../../shared/wall-clock.ts";
import type { Change } from "./rules.core.ts";
import { numberOf, type ScopedValues, valueIn } from "./values.core.ts";

/** A gateway whose clock was never set shows a time before this: no start is due then (spec control 3.3). */
const CLOCK_IS_SET_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** The delayed start and stop of one charge point. "" = not set. */
interface Schedule {
  readonly start: WallTime;
  readonly stop: WallTime;
  readonly daily: boolean;
}

/**
 * What the schedules of all points bring about at this time. What stands in the settings is what has not happened yet,
 * so that a start or stop that fell into a restart is made up for; where both did, the later of the two decides.
 */
export function dueChanges(
  values: ScopedValues,
  evseIds: readonly string[],
  civilMs: number,
  zone: string,
): readonly Change[] {
  if (civilMs < CLOCK_IS_SET_MS) return [];
  return evseIds.flatMap(evseId => {
    const schedule: Schedule = {
      start: textOf(values, "starttime", evseId),
      stop: textOf(values, "stoptime", evseId),
      daily: numberOf(values, "repeat", evseId) === 1,
    };
    return changesOf(schedule, evseId, civilMs, zone);
  });
}

function changesOf(schedule: Schedule, evseId: string, civilMs: number, zone: string): readonly Change[] {
  const isDue = (wall: WallTime): boolean => wall !== "" && instantOf(wall, zone) <= civilMs;
  const startDue = isDue(schedule.start);
  const stopDue = isDue(schedule.stop);
  if (!startDue && !stopDue) return [];
  // A repetition needs both; a start alone happens once.
  const daily = schedule.daily && schedule.start !== "" && schedule.stop !== "";
  const start = startDue ? (daily ? nextDay(schedule.start, civilMs, zone) : "") : schedule.start;
  const stop = stopDue ? (daily ? nextDay(schedule.stop, civilMs, zone) : "") : schedule.stop;
  const open = daily ? stop < start : startDue && !stopDue;
  return [
    { key: "access", evseId, value: open ? ACCESS.on : ACCESS.off },
    ...(startDue ? [{ key: "starttime", evseId, value: start }] : []),
    ...(stopDue ? [{ key: "stoptime", evseId, value: stop }] : []),
  ];
}

/** The same time on the first day on which it is still to come. */
function nextDay(wall: WallTime, civilMs: number, zone: string): WallTime {
  const behind = Math.max(1, Math.floor((civilMs - instantOf(wall, zone)) / DAY_MS));
  let next = daysLater(wall, behind);
  while (instantOf(next, zone) <= civilMs) next = daysLater(next, 1);
  return next;
}

function textOf(values: ScopedValues, key: string, evseId: string): string {
  const value = valueIn(values, key, evseId);
  return typeof value === "string" ? value : "";
}
