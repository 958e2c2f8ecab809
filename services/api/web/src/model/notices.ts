import type { PointView, SiteView } from "../../../view.ts";
import { faultsForPeople } from "./headline.ts";
import { capitalised } from "./words.ts";

/** What the head of the page tells: points with faults, and whatever else the gateway warns of. */
export interface SiteNotices {
  readonly faulty: readonly { readonly point: PointView; readonly words: string }[];
  readonly warnings: readonly string[];
}

/** The gateway's warnings repeat the faults of points; here each thing is said once. */
export function noticesOf(view: SiteView): SiteNotices {
  const said = new Set(view.points.flatMap(point => point.faults.map(fault => `${point.name}: ${fault.words}`)));
  return {
    faulty: view.points.flatMap(point => {
      const faults = faultsForPeople(point);
      return faults.length === 0 ? [] : [{ point, words: faults.map(fault => fault.words).join("; ") }];
    }),
    warnings: view.warnings.filter(warning => !said.has(warning)).map(capitalised),
  };
}
