/** What one charge point asks of the shared limits. Currents in A per phase. */
export interface Claim {
  /** It can use no more than this; at least the common floor. */
  readonly capA: number;
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
 * Water-filling: every claim gets `floorA`, then all rise together until a cap or a limit stops them (max-min fairness).
 * No share exceeds its cap; no limit is exceeded unless the floors alone exceed it. What a limit holds is given away
 * whole, the odd tenths to the lowest index first. O(n log n).
 */
export function distribute(claims: readonly Claim[], floorA: number, limitsA: readonly number[]): Shares {
  const exactA = new Array<number>(claims.length).fill(floorA);
  const stoppedBy = new Array<number | null>(claims.length).fill(null);
  const leftA = limitsA.map((limitA, index) => limitA - floorA * countUsers(claims, index));
  const risingUsers = limitsA.map((_limit, index) => countUsers(claims, index));
  const byCap = claims.map((_claim, index) => index).sort((a, b) => capOf(claims, a) - capOf(claims, b) || a - b);
  const rising = new Array<boolean>(claims.length).fill(true);
  let levelA = floorA;

  const stop = (index: number, limit: number | null): void => {
    rising[index] = false;
    exactA[index] = levelA;
    stoppedBy[index] = limit;
    eachUse(claims[index], (used, weight) => {
      risingUsers[used] = (risingUsers[used] ?? 0) - weight;
    });
  };

  for (let next = 0; next < byCap.length; ) {
    const index = byCap[next] ?? 0;
    if (rising[index] !== true) {
      next += 1;
      continue;
    }
    const tightest = tightestLimit(leftA, risingUsers);
    const toCapA = Math.max(0, capOf(claims, index) - levelA);
    const toLimitA = tightest === null ? Infinity : Math.max(0, tightest.roomA);
    const riseA = Math.min(toCapA, toLimitA);
    levelA += riseA;
    for (let limit = 0; limit < leftA.length; limit += 1)
      leftA[limit] = (leftA[limit] ?? 0) - riseA * (risingUsers[limit] ?? 0);
    if (tightest !== null && toLimitA < toCapA) {
      claims.forEach((claim, other) => {
        if (rising[other] === true && claim.uses.includes(tightest.limit)) stop(other, tightest.limit);
      });
    } else {
      stop(index, null);
    }
  }
  return { sharesA: inTenths(claims, exactA, limitsA), stoppedBy };
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

function tightestLimit(leftA: readonly number[], users: readonly number[]): { limit: number; roomA: number } | null {
  let tightest: { limit: number; roomA: number } | null = null;
  for (let limit = 0; limit < leftA.length; limit += 1) {
    const count = users[limit] ?? 0;
    if (count === 0) continue;
    const roomA = (leftA[limit] ?? 0) / count;
    if (tightest === null || roomA < tightest.roomA) tightest = { limit, roomA };
  }
  return tightest;
}

function countUsers(claims: readonly Claim[], limit: number): number {
  let count = 0;
  for (const claim of claims) {
    eachUse(claim, (used, weight) => {
      if (used === limit) count += weight;
    });
  }
  return count;
}

function eachUse(claim: Claim | undefined, visit: (limit: number, weight: number) => void): void {
  claim?.uses.forEach((limit, place) => {
    visit(limit, claim.weights?.[place] ?? 1);
  });
}

function capOf(claims: readonly Claim[], index: number): number {
  return claims[index]?.capA ?? 0;
}
