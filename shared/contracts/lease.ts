import { z } from "zod";
import { defineFact, type PayloadOf } from "./define.ts";
import { idSchema } from "./units.ts";

/** One of several that carry the same service, as it sees itself. A service that stands on one node only tells nothing. */
export const leaseStatus = defineFact({
  name: "lease.status",
  title: "Which of the nodes that carry a service is active, and how its standby is",
  payload: z
    .object({
      /** What is shared: `balancer`, `solar`. */
      service: idSchema,
      node: idSchema,
      /** `active` decides; `standby` follows and could take over; `starting` does not know enough yet; `cut-off` cannot reach the lease. */
      role: z.enum(["active", "standby", "starting", "cut-off"]),
      /** Under which the active one speaks, or which a standby last saw. A higher one has displaced every lower one. */
      epoch: z.number().int().min(0),
      /** Why the lease cannot be reached. */
      problem: z.string().nullable(),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: status => status.node,
  example: { service: "balancer", node: "gateway-b", role: "standby", epoch: 12, problem: null },
});
export type LeaseStatus = PayloadOf<typeof leaseStatus>;
