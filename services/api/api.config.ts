import { z } from "zod";

/** Where the page and the interfaces are found. */
export const apiConfig = z.strictObject({
  /** Loopback until the site file says otherwise, for example 0.0.0.0. */
  host: z.string().min(1).default("127.0.0.1"),
  port: z.number().int().min(1).max(65_535).default(8080),
  /** Further names under which a browser may use this gateway ("charger.example.org"): a proxy's, the router's. */
  hostNames: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, "expected a host name such as charger.example.org"),
    )
    .default([]),
});
export type ApiConfig = z.output<typeof apiConfig>;
