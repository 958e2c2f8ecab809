import type { ChargeChoice, FaultView, PointStatusView, PointView } from "../../../view.ts";
import { age, duration } from "./words.ts";

/** How a point is doing, as a tone; the words beside it say the same. */
export type Tone = "idle" | "charging" | "waiting" | "fault" | "unknown";

export interface Headline {
  readonly tone: Tone;
  readonly title: string;
}

export const CHOICES = ["off", "normal", "smart", "solar", "pause"] as const satisfies readonly ChargeChoice[];

export const CHOICE_WORDS: Readonly<Record<ChargeChoice, string>> = {
  off: "Off",
  normal: "Normal",
  smart: "Smart",
  solar: "Solar",
  pause: "Pause",
};

/** Conditions that are part of sharing a fuse and pass by themselves: the reason tells them, no banner does. */
const PASSING: ReadonlySet<FaultView["code"]> = new Set(["no-current", "solar-unavailable"]);

/** The faults a person should look at. */
export function faultsForPeople(point: PointView): readonly FaultView[] {
  return point.faults.filter(fault => !PASSING.has(fault.code));
}

/** What a person standing at the charge point wants to know first. */
export function headlineOf(point: PointView): Headline {
  const status = point.status;
  if (status === null) return { tone: "unknown", title: "Not heard of yet" };
  if (!point.fresh) return { tone: "unknown", title: `Last heard of ${age(point.ageMs)}` };
  if (status.state === "C2") return { tone: "charging", title: "Charging" };
  if (faultsForPeople(point).length > 0) return { tone: "fault", title: "Stopped by a fault" };
  return restOf(status);
}

function restOf(status: PointStatusView): Headline {
  if (status.state === "C1") return { tone: "waiting", title: "Stopping" };
  if (status.access === "off") return { tone: "idle", title: status.carConnected ? "Off, car connected" : "Off" };
  if (status.access === "pause")
    return { tone: "idle", title: status.carConnected ? "Paused, car connected" : "Paused" };
  if (!status.carConnected) return { tone: "idle", title: "Free, no car" };
  if (status.state === "activate") return { tone: "waiting", title: "Waking the car" };
  if (status.chargeDelayS > 0) return { tone: "waiting", title: `Waiting ${duration(status.chargeDelayS * 1_000)}` };
  if (status.state === "B2")
    return status.asksPower
      ? { tone: "waiting", title: "Starting" }
      : { tone: "idle", title: "Ready, car does not ask" };
  return { tone: "waiting", title: "Waiting for current" };
}
