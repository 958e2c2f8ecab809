import type { SiteView } from "../../../view.ts";
import { duration, limitAmps, power } from "./words.ts";

type LimitsView = NonNullable<SiteView["limits"]>;
type SetLimit = LimitsView["set"][number];

/** One limit from outside, ready to be shown. */
export interface LimitRow {
  readonly limitId: string;
  readonly owner: string;
  /** "4.2 kW for all charge points". */
  readonly value: string;
  /** "12 min left", "until withdrawn". */
  readonly until: string;
}

export function limitRows(view: SiteView): readonly LimitRow[] {
  return (view.limits?.set ?? []).map(limit => ({
    limitId: limit.limitId,
    owner: limit.owner,
    value: `${valueOf(limit)} for ${nameOf(limit, view)}`,
    until: limit.expiresInMs === null ? "until withdrawn" : `${duration(limit.expiresInMs)} left`,
  }));
}

function valueOf({ maxA, maxW }: SetLimit): string {
  return maxA === null ? power(maxW) : `${limitAmps(maxA)} per phase`;
}

function nameOf({ evseId }: SetLimit, view: SiteView): string {
  if (evseId === null) return view.points.length === 1 ? "the charge point" : "all charge points together";
  return view.points.find(({ id }) => id === evseId)?.name ?? evseId;
}

/** One line about the quarter hour. */
export interface QuarterLine {
  readonly label: string;
  readonly value: string;
  readonly over: boolean;
}

/** The quarter hour beside its limit; empty before the mains meter has told anything. */
export function quarterLines(view: SiteView): readonly QuarterLine[] {
  const quarter = view.limits?.quarter ?? null;
  if (quarter === null) return [];
  const { nowW, predictedW, limitW, monthPeakW, month, endsInMs } = quarter;
  const over = limitW !== null && predictedW !== null && predictedW > limitW;
  return [
    { label: "From the grid now", value: power(nowW), over: false },
    { label: `Average of the quarter hour, as it goes (${duration(endsInMs)} left)`, value: power(predictedW), over },
    ...(limitW === null ? [] : [{ label: "Its limit", value: power(limitW), over: false }]),
    { label: `Highest quarter hour of ${monthName(month)}`, value: power(monthPeakW), over: false },
  ];
}

/** "November" from "2026-11". */
function monthName(month: string): string {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1, 1)).toLocaleString("en", { month: "long", timeZone: "UTC" });
}

/** What is coming while not even the minimum fits; null when nothing is. */
export function stopWarning({ capStopInMs }: SiteView): string | null {
  if (capStopInMs === null) return null;
  return `Not even the minimum current fits. Charging stops in ${duration(capStopInMs)}, unless it does by then.`;
}
