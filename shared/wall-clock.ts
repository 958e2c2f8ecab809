/** Local time as it stands on a wall, "YYYY-MM-DDTHH:MM" (seconds optional): the same on every day, whatever its length. */
export type WallTime = string;

const DAY_MS = 86_400_000;
/** One formatter per zone: making one costs more than using it. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * The instant at which a wall clock shows this, in ms since 1970. An hour that a clock change leaves out counts as the
 * one after it (02:30 is 03:30 then); of an hour that comes twice the first is meant, as in ECMAScript.
 */
export function instantOf(wall: WallTime, zone: string): number {
  const asUtc = Date.parse(`${wall}Z`);
  const before = asUtc - offsetMs(asUtc - DAY_MS, zone);
  const after = asUtc - offsetMs(asUtc + DAY_MS, zone);
  // Away from a clock change both are the same. Near one, the rule before it is tried first: it gives the first of two
  // hours; and where neither holds, it carries the missing hour over the gap.
  return [before, after].find(instant => instant + offsetMs(instant, zone) === asUtc) ?? before;
}

/** The same time on the wall, whole days later. */
export function daysLater(wall: WallTime, days: number): WallTime {
  return new Date(Date.parse(`${wall}Z`) + days * DAY_MS).toISOString().slice(0, wall.length);
}

/** What a wall clock in that zone shows at an instant, to the minute. */
export function wallTimeAt(instant: number, zone: string): WallTime {
  return new Date(instant + offsetMs(instant, zone)).toISOString().slice(0, 16);
}

/** By how much a wall clock in that zone is ahead of UTC. */
function offsetMs(instant: number, zone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  return shown - Math.floor(instant / 1_000) * 1_000;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(zone, made);
  return made;
}
