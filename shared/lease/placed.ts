import { randomUUID } from "node:crypto";
import { StartRefused } from "../errors.ts";
import type { Environment } from "../process/environment.ts";
import { nodesCarrying, type Site } from "../site/site-file.ts";
import type { Clock } from "../time/clock.ts";
import { alone, type Leadership, standFor } from "./leadership.ts";
import { natsLease } from "./nats-lease.ts";

/**
 * Where a service stands on several nodes, the lease tells which of them is active. In one process, or on one node, there is
 * nobody to agree with. Throws `StartRefused` when there is, and no way to.
 */
export function leadershipOf(service: string, site: Site, { node, natsUrl }: Environment, clock: Clock): Leadership {
  const nodes = nodesCarrying(site, service);
  if (node === undefined || nodes.length < 2) return alone;
  if (natsUrl === undefined) {
    throw new StartRefused(
      `NATS_URL is missing: ${service} stands on ${nodes.join(", ")}, which agree over NATS on who is active`,
    );
  }
  const me = `${node} ${randomUUID()}`;
  return standFor({
    clock,
    me,
    store: natsLease({ natsUrl, site: site.site, service, name: `${node} ${service} lease` }),
  });
}
