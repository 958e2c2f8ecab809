import { setFlagsFromString } from "node:v8";

/** From so many charge points on, what is saved by a small nursery is paid with a quarter of the time. */
const MANY_POINTS = 16;

/** On a large site each process hears so much that a nursery of its first size is collected all the time: there it may grow. */
export function fitHeapTo(chargePoints: number): void {
  if (chargePoints < MANY_POINTS) return;
  setFlagsFromString("--semi-space-growth-factor=2");
  setFlagsFromString("--no-optimize-for-size");
}
