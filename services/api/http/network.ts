import { hostname, networkInterfaces } from "node:os";
import type { PointIdentity } from "../identity.ts";
import type { Network } from "../smartevse/tree-context.core.ts";

/** The first address that other machines may know this gateway by. */
export function ownNetwork(): Network {
  const outward = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(address => !address.internal && address.family === "IPv4");
  return { ip: outward?.address ?? null, mac: outward?.mac ?? null };
}

/** Names a browser may reach this gateway by, in lower case. */
export function ownHostNames(points: readonly PointIdentity[], configured: readonly string[]): ReadonlySet<string> {
  const machine = hostname();
  const names = [
    "localhost",
    machine,
    `${machine}.local`,
    ...points.flatMap(({ serial }) => [`smartevse-${serial}`, `smartevse-${serial}.local`]),
    ...configured,
  ];
  return new Set(names.map(name => name.toLowerCase()));
}
