/** What one charge point asks of the shared limits. Currents in A per phase. */
export interface Claim {
  /** It can use no more than this; at least its floor. */
  readonly capA: number;
  /** It gets at least this; the common floor when left out. */
  readonly floorA?: number;
  /** Its part when there is not enough for all, relative to the others; 1 when left out. */
  readonly part?: number;
  /** Indices of the limits that its current counts against. */
  readonly uses: readonly number[];
  /** How many times it counts against each of them: a sum of phases sees three-phase current three times; 1 when left out. */
  readonly weights?: readonly number[];
}

export interface Shares {
  /** One share per claim, in steps of 0.1 A. */
  readonly sharesA: readonly number[];
  /** Index of the limit that stopped each share, or null where its own cap did. */
  readonly stoppedBy: readonly (number | null)[];
}

const STEP_A = 0.1;
const EPSILON_A = 1e-6;

/**
 * Water-filling: every claim gets its floor, then all rise together, each by its part, until a cap or a limit stops them
 * (max-min fairness of share / part; a floor above that level stays what it is until the level has reached it). No share
 * exceeds its cap; no limit is exceeded unless the floors alone exceed it. What a limit holds is given away whole, the odd
 * tenths to the lowest index first. O(n log n).
 */
export function distribute(claims: readonly Claim[], floorA: number, limitsA: readonly number[]): Shares {
  const exactA = claims.map(claim => claim.floorA ?? floorA);
  const stoppedBy = new Array<number | null>(claims.length).fill(null);
  const phase = new Array<"resting" | "rising" | "stopped">(claims.length).fill("resting");
  const leftA = [...limitsA];
  const risingParts = limitsA.map(() => 0);
  claims.forEach((claim, index) => {
    eachUse(claim, (used, weight) => {
      leftA[used] = (leftA[used] ?? 0) - (exactA[index] ?? 0) * weight;
    });
  });
  let level = 0;

  const stop = (index: number, limit: number | null): void => {
    const claim = claims[index];
    if (phase[index] === "rising") {
      exactA[index] = Math.max(exactA[index] ?? 0, level * partOf(claim));
      eachUse(claim, (used, weight) => {
        risingParts[used] = (risingParts[used] ?? 0) - weight * partOf(claim);
      });
    }
    phase[index] = "stopped";
    stoppedBy[index] = limit;
  };
  const riseBy = (rise: number): void => {
    level += rise;
    for (let limit = 0; limit < leftA.length; limit += 1)
      leftA[limit] = (leftA[limit] ?? 0) - rise * (risingParts[limit] ?? 0);
  };

  for (const { index, at, starts } of eventsOf(claims, exactA)) {
    while (phase[index] !== "stopped") {
      const tightest = tightestLimit(leftA, risingParts);
      if (tightest === null || tightest.room >= at - level) break;
      riseBy(Math.max(0, tightest.room));
      claims.forEach((claim, other) => {
        if (phase[other] !== "stopped" && claim.uses.includes(tightest.limit)) stop(other, tightest.limit);
      });
    }
    if (phase[index] === "stopped") continue;
    riseBy(Math.max(0, at - level));
    if (!starts) stop(index, null);
    else {
      phase[index] = "rising";
      eachUse(claims[index], (used, weight) => {
        risingParts[used] = (risingParts[used] ?? 0) + weight * partOf(claims[index]);
      });
    }
  }
  return { sharesA: inTenths(claims, exactA, limitsA), stoppedBy };
}

/** The levels at which claims leave their floor and reach their cap, lowest first. */
function eventsOf(
  claims: readonly Claim[],
  floorsA: readonly number[],
): readonly { readonly index: number; readonly at: number; readonly starts: boolean }[] {
  return claims
    .flatMap((claim, index) => {
      const leastA = floorsA[index] ?? 0;
      return [
        { index, at: leastA / partOf(claim), starts: true },
        { index, at: Math.max(leastA, claim.capA) / partOf(claim), starts: false },
      ];
    })
    .sort((a, b) => a.at - b.at || Number(b.starts) - Number(a.starts) || a.index - b.index);
}

/** Rounds down to 0.1 A, then gives back the tenths that rounding freed, lowest index first. */
function inTenths(claims: readonly Claim[], exactA: readonly number[], limitsA: readonly number[]): readonly number[] {
  const tenths = exactA.map(exact => Math.floor(exact / STEP_A + EPSILON_A));
  const leftTenths = limitsA.map(limitA => Math.floor(limitA / STEP_A + EPSILON_A));
  const take = (claim: Claim, count: number): void => {
    eachUse(claim, (limit, weight) => {
      leftTenths[limit] = (leftTenths[limit] ?? 0) - count * weight;
    });
  };
  claims.forEach((claim, index) => {
    take(claim, tenths[index] ?? 0);
  });
  claims.forEach((claim, index) => {
    const share = tenths[index] ?? 0;
    const rounded = (exactA[index] ?? 0) / STEP_A - share > EPSILON_A * 10;
    const belowCap = (share + 1) * STEP_A <= claim.capA + EPSILON_A;
    const room = claim.uses.every((limit, place) => (leftTenths[limit] ?? 0) >= (claim.weights?.[place] ?? 1));
    if (!rounded || !belowCap || !room) return;
    tenths[index] = share + 1;
    take(claim, 1);
  });
  return tenths.map(count => count / 10);
}

/** How far the level may still rise until the first limit is used up. */
function tightestLimit(leftA: readonly number[], parts: readonly number[]): { limit: number; room: number } | null {
  let tightest: { limit: number; room: number } | null = null;
  for (let limit = 0; limit < leftA.length; limit += 1) {
    const part = parts[limit] ?? 0;
    if (part <= EPSILON_A) continue;
    const room = (leftA[limit] ?? 0) / part;
    if (tightest === null || room < tightest.room) tightest = { limit, room };
  }
  return tightest;
}

function eachUse(claim: Claim | undefined, visit: (limit: number, weight: number) => void): void {
  claim?.uses.forEach((limit, place) => {
    visit(limit, claim.weights?.[place] ?? 1);
  });
}

function partOf(claim: Claim | undefined): number {
  return claim?.part ?? 1;
}
