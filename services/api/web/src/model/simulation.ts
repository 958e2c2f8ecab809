import type { SiteView } from "../../../view.ts";

/** Something to try on a simulated site: what the button says, and the words the simulator hears. */
export interface Suggestion {
  readonly label: string;
  readonly words: string;
}

/** What shows the charger at work: a heavy load, a car that comes or goes, a meter that falls silent. */
export function suggestionsFor(view: SiteView): readonly Suggestion[] {
  return [
    { label: "Oven on L2, 18 A", words: "house l2 18" },
    { label: "House as usual", words: "house auto" },
    ...view.points.map(point =>
      point.status?.carConnected === true
        ? { label: `Unplug ${point.name}`, words: `unplug ${point.id}` }
        : { label: `Plug in ${point.name}`, words: `plug ${point.id}` },
    ),
    ...view.meters
      .filter(meter => meter.role === "mains")
      .map(meter =>
        meter.state === "silent"
          ? { label: "Mains meter answers", words: `meter ${meter.id} answers` }
          : { label: "Mains meter silent", words: `meter ${meter.id} silent` },
      ),
  ];
}
