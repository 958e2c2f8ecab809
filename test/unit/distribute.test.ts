import fc from "fast-check";
import t from "tap";
import { type Claim, distribute } from "../../services/balancer/distribute.core.ts";

const one = (capA: number): Claim => ({ capA, uses: [0] });

t.test("shares what there is, equally, each up to its cap [4.6-R, 6.7-23]", async t => {
  t.strictSame(distribute([one(10), one(16), one(32)], 6, [40]).sharesA, [10, 15, 15]);
  t.strictSame(distribute([one(10), one(16), one(32)], 6, [60]).sharesA, [10, 16, 32]);
  t.strictSame(distribute([one(10), one(16), one(32)], 6, [26]).sharesA, [8.7, 8.7, 8.6]);
});

t.test("the worked examples of the power share: 24, 18, 17, 12 A among those that fit", async t => {
  t.strictSame(distribute([one(16), one(16), one(16)], 6, [24]).sharesA, [8, 8, 8]);
  t.strictSame(distribute([one(16), one(16), one(16)], 6, [18]).sharesA, [6, 6, 6]);
  t.strictSame(distribute([one(16), one(16)], 6, [17]).sharesA, [8.5, 8.5]);
  t.strictSame(distribute([one(16), one(16)], 6, [12]).sharesA, [6, 6]);
});

t.test("a three-phase point counts three times against a sum of phases, and all rise together per phase", async t => {
  const three = { capA: 16, uses: [0], weights: [3] };
  const single = { capA: 16, uses: [0], weights: [1] };
  t.strictSame(distribute([three, single], 6, [40]).sharesA, [10, 10]);
  t.strictSame(distribute([three, { ...single, capA: 10 }], 6, [52]).sharesA, [14, 10]);
  t.strictSame(distribute([three, single], 6, [20]), { sharesA: [6, 6], stoppedBy: [0, 0] });
  // A tenth more for three phases would take three tenths.
  t.strictSame(distribute([three], 6, [20]).sharesA, [6.6]);
});

t.test("says which limit stopped each share, per phase", async t => {
  const threePhase = { capA: 32, uses: [0, 1, 2] };
  const onL3 = { capA: 16, uses: [2] };
  const shares = distribute([threePhase, onL3], 6, [30, 10, 40]);
  t.strictSame(shares.sharesA, [10, 16]);
  t.strictSame(shares.stoppedBy, [1, null]);
});

const scene = fc
  .record({
    limits: fc.array(fc.integer({ min: 60, max: 2_000 }), { minLength: 1, maxLength: 6 }),
    points: fc.array(
      fc.record({ cap: fc.integer({ min: 60, max: 800 }), uses: fc.array(fc.nat(5), { maxLength: 6 }) }),
      { maxLength: 20 },
    ),
  })
  .map(({ limits, points }) => ({
    limitsA: limits.map(tenths => tenths / 10),
    claims: points.map(point => ({
      capA: point.cap / 10,
      uses: [...new Set(point.uses.filter(limit => limit < limits.length))],
    })),
  }));

t.test("never exceeds a cap, nor any limit that the floors alone respect [4.6-R]", async () => {
  fc.assert(
    fc.property(scene, ({ claims, limitsA }) => {
      const { sharesA } = distribute(claims, 6, limitsA);
      const caps = sharesA.every((share, index) => share <= claims[index]!.capA + 1e-9 && share >= 6 - 1e-9);
      const limits = limitsA.every((limitA, limit) => {
        const users = claims.filter(claim => claim.uses.includes(limit));
        const sumA = sharesA.reduce((sum, share, index) => sum + (claims[index]!.uses.includes(limit) ? share : 0), 0);
        return sumA <= Math.max(limitA, users.length * 6) + 1e-6;
      });
      return caps && limits;
    }),
  );
});

t.test("gives away everything: whoever gets less than its cap stands at a limit that is used up", async () => {
  fc.assert(
    fc.property(scene, ({ claims, limitsA }) => {
      const { sharesA } = distribute(claims, 6, limitsA);
      return claims.every((claim, index) => {
        if (sharesA[index]! > claim.capA - 0.1 + 1e-6) return true;
        return claim.uses.some(limit => {
          const sumA = sharesA.reduce((sum, share, i) => sum + (claims[i]!.uses.includes(limit) ? share : 0), 0);
          return sumA > limitsA[limit]! - 0.1 - 1e-6;
        });
      });
    }),
  );
});

t.test("is fair: nobody gets less than another who shares all its limits, unless by its own cap", async () => {
  fc.assert(
    fc.property(scene, ({ claims, limitsA }) => {
      const { sharesA } = distribute(claims, 6, limitsA);
      return claims.every((claim, index) =>
        claims.every((other, j) => {
          const subset = claim.uses.every(limit => other.uses.includes(limit));
          return !subset || sharesA[index]! >= Math.min(sharesA[j]!, claim.capA) - 0.1 - 1e-6;
        }),
      );
    }),
  );
});
