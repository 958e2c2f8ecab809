import { isIP } from "node:net";

export interface OriginHeaders {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site: the browser's own word on where the request comes from. */
  readonly fetchSite: string | undefined;
}

const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Why a request that could change something must not: another site's page sent it (CSRF), or a name that is not ours
 * leads here (DNS rebinding). Null = fine. Requests without Origin come from programs, not from pages: they pass.
 */
export function objectionToOrigin(headers: OriginHeaders, ownNames: ReadonlySet<string>): string | null {
  const { method, host, origin, fetchSite } = headers;
  if (READING.has(method)) return null;
  if (fetchSite === "cross-site") return "a page of another site sent this request; use the page of this gateway";
  if (origin === undefined) return null;
  const from = URL.canParse(origin) ? new URL(origin) : null;
  if (from === null || (from.protocol !== "http:" && from.protocol !== "https:") || from.username !== "") {
    return `Origin ${JSON.stringify(origin)} is no page of this gateway`;
  }
  if (ownNames.has(from.hostname.toLowerCase())) return null;
  // An address cannot be rebound: a page that was loaded from the address it now talks to is ours.
  const isAddress = isIP(from.hostname.replace(/^\[|\]$/g, "")) !== 0;
  if (isAddress && host !== undefined && from.host === host.toLowerCase()) return null;
  return `Origin ${JSON.stringify(origin)} is no page of this gateway; if it is one of its names, add it to hostNames of the api service in the site file`;
}

/** The host of a Host header, lower case and without its port. */
export function hostNameOf(host: string | undefined): string {
  return (host ?? "").toLowerCase().replace(/:\d+$/, "");
}

/** The serial number in `SmartEVSE-<serial>` or `SmartEVSE-<serial>.local`; null for other names. */
export function serialOfHost(host: string | undefined): number | null {
  const match = /^smartevse-(\d{1,10})(\.local)?\.?$/.exec(hostNameOf(host));
  return match === null ? null : Number(match[1]);
}
