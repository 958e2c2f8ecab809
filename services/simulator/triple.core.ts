/** Values of L1, L2, L3. The plant works on indices because a charge point may be wired onto the phases in any order. */
export type Triple = readonly [number, number, number];

export const ZERO: Triple = [0, 0, 0];

/** Index of a house phase. */
export type PhaseIndex = 0 | 1 | 2;

/** Applies one function to each phase. */
export function mapPhases(each: (phase: PhaseIndex) => number): Triple {
  return [each(0), each(1), each(2)];
}

/** Mean per phase of a window of samples, oldest first. */
export function meanOf(window: readonly Triple[]): Triple {
  return mapPhases(phase => {
    let sum = 0;
    for (const sample of window) sum += sample[phase];
    return sum / window.length;
  });
}
