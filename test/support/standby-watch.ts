import type { SteppedSite } from "./stepped-site.ts";

/** What one car has seen while somebody else took over. */
export interface CarsView {
  /** Offers of the point and duties on its board; the difference of the largest and the smallest. */
  readonly offersA: Set<number>;
  readonly swingA: () => number;
  readonly dutiesPct: Set<number>;
  opened: boolean;
}

/** Looks every 50 ms at what the cars see, and under which epoch the points were given what they have. */
export async function watchCars(
  site: SteppedSite,
  ids: readonly string[],
  ms: number,
): Promise<{ readonly cars: ReadonlyMap<string, CarsView>; readonly epochs: ReadonlyMap<string, readonly number[]> }> {
  const cars = new Map<string, CarsView>();
  const epochs = new Map<string, number[]>();
  for (const id of ids) {
    const offersA = new Set<number>();
    const swingA = (): number => Math.max(...offersA) - Math.min(...offersA);
    cars.set(id, { offersA, swingA, dutiesPct: new Set(), opened: false });
    epochs.set(id, []);
  }
  for (let doneMs = 0; doneMs < ms; doneMs += 50) {
    await site.run(50);
    for (const [id, view] of cars) {
      view.offersA.add(site.status(id).offerA);
      view.dutiesPct.add(site.dutyPct(id));
      view.opened ||= !site.closed(id);
      epochs.get(id)?.push(site.status(id).allotted?.epoch ?? 0);
    }
  }
  return { cars, epochs };
}

/** The node of the active balancer, as it says, and the other of the two. */
export function activeNode(site: SteppedSite): string {
  return String(site.balancerNode);
}

export function otherNode(node: string): string {
  return node === "a" ? "b" : "a";
}
