import type { Instant } from "../../shared/time/clock.ts";
import {
  balancerOf,
  type Knowledge,
  LIMITS_UNHEARD,
  leaseOf,
  limitsAreUnheard,
  meterStatusOf,
  sensedOf,
  statusOf,
} from "./knowledge.core.ts";
import type { HealthView } from "./view.ts";

/** Whether everyone this site needs is heard. What stays silent is named; current goes down by itself meanwhile. */
export function healthOf(known: Knowledge, now: Instant): HealthView {
  const reasons: string[] = [];
  const heard: { what: string; ageMs: number | null }[] = [];
  const seen = (what: string, at: Instant | undefined): void => {
    heard.push({ what, ageMs: at === undefined ? null : Math.round(now - at) });
  };

  seen("settings", known.settings?.at);
  if (known.settings === null) reasons.push("settings have not arrived");
  seen("balancer", known.balancer?.at);
  if (balancerOf(known, now) === null) reasons.push("balancer is silent");
  if (limitsAreUnheard(known, now)) reasons.push(LIMITS_UNHEARD);
  for (const carrier of known.carriers) {
    const name = `${carrier.service} on ${carrier.node}`;
    seen(name, carrier.lease?.at);
    const lease = leaseOf(carrier, now);
    if (lease === null) reasons.push(`${name} is silent`);
    else if (lease.role === "cut-off") reasons.push(`${name} cannot reach the lease: ${lease.problem ?? ""}`);
  }
  for (const [id, point] of known.points) {
    seen(`evse-${id}`, point.status?.at);
    seen(`pilot-${id}`, point.sensed?.at);
    if (statusOf(known, id, now) === null) reasons.push(`evse-${id} is silent`);
    const sensed = sensedOf(known, id, now);
    if (sensed === null) reasons.push(`pilot-${id} is silent`);
    else if (sensed.link !== "up") reasons.push(`board of ${id} is ${sensed.link}`);
  }
  for (const [id, meter] of known.meters) {
    seen(`meter-${id}`, meter.status?.at);
    const status = meterStatusOf(meter, now);
    if (status === null) reasons.push(`meter-${id} is silent`);
    else if (status.state === "silent" || status.state === "waiting") {
      reasons.push(`meter ${id} gives no readings${status.lastError === null ? "" : `: ${status.lastError}`}`);
    }
  }
  return { status: reasons.length === 0 ? "ok" : "degraded", reasons, heard };
}
