import type { LimitsCurrent, QuarterHour } from "../../shared/contracts/limits.ts";
import type { MeterReading } from "../../shared/contracts/meter.ts";
import type { Instant } from "../../shared/time/clock.ts";
import { freshReading, type Knowledge, limitsOf, meterFor } from "./knowledge.core.ts";
import type { SiteView } from "./view.ts";

/** Where only currents are known, power is reckoned at the nominal voltage (IEC 60038), as the quarter hour's keeper does. */
const NOMINAL_V = 230;
const QUARTER_S = 900;

/** Limits from outside and the quarter hour, as people see them; null while nobody keeps them. */
export function limitsViewOf(known: Knowledge, now: Instant): SiteView["limits"] {
  const current = limitsOf(known, now);
  if (current === null) return null;
  const heardAgoMs = now - (known.limits?.at ?? now);
  const reading = freshReading(meterFor(known, "mains", null), now);
  return { set: current.limits, quarter: quarterOf(current, gridW(reading), heardAgoMs) };
}

function quarterOf(
  { quarter }: LimitsCurrent,
  nowW: number | null,
  heardAgoMs: number,
): NonNullable<SiteView["limits"]>["quarter"] {
  if (quarter === null) return null;
  const endsInMs = Math.max(0, Math.round(quarter.endsInMs - heardAgoMs));
  return {
    nowW,
    predictedW: nowW === null ? null : predictedW(quarter, nowW, endsInMs),
    limitW: quarter.limitW,
    endsInMs,
    month: quarter.month,
    monthPeakW: Math.round(quarter.monthPeakW),
  };
}

/** The average of the quarter hour if what flows now flows until its end. */
function predictedW({ usedWh }: QuarterHour, nowW: number, endsInMs: number): number {
  return Math.round((usedWh * 3_600 + (nowW * endsInMs) / 1_000) / QUARTER_S);
}

/** What comes from the grid now; feeding back takes nothing off a quarter hour. */
function gridW(reading: MeterReading | null): number | null {
  if (reading === null) return null;
  const { l1, l2, l3 } = reading.currentA;
  return Math.max(0, Math.round(reading.totalPowerW ?? (l1 + l2 + l3) * NOMINAL_V));
}
