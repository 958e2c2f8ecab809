import type { ChargePoint, Site } from "./site-file.ts";

/** The charge point of that id. Throws where `checkSite` would have refused the site. */
export function requirePoint(site: Site, id: string): ChargePoint {
  const point = pointOf(site, id);
  if (point === undefined) throw new Error(`checkSite let ${id} pass, which is no charge point`);
  return point;
}

export function pointOf(site: Site, id: string): ChargePoint | undefined {
  return site.chargePoints.find(point => point.id === id);
}

/** Their ids, for a message to a person. */
export function listOfPoints(site: Site): string {
  return site.chargePoints.map(point => point.id).join(", ");
}
