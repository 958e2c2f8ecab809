import type { BalancerInsight, EvseInsight, LimitInsight, Reconsider } from "../../shared/contracts/insight.ts";
import { type BoundBy, type BoundByKind, partsOf } from "../../shared/contracts/units.ts";
import { wholeMs } from "./round.core.ts";
import type { ExplainedLimit, ExplainView } from "./view.ts";

/** A limit that allows no more than this beyond the offer would bind next. */
const NEAR_A = 2;

interface Name {
  readonly words: string;
  /** Who sets it, and what would change it. */
  readonly owner: string;
}

const onPhase = (what: string, phase: string, owner: string): Name => ({ words: `${what} on ${phase}`, owner });
const MAINS = "balancer, from MAINS and the mains meter";
const CIRCUIT = "balancer, from CIRCUIT";

const NAMES: Readonly<Record<BoundByKind, Name>> = {
  "mains.l1": onPhase("main fuse", "L1", MAINS),
  "mains.l2": onPhase("main fuse", "L2", MAINS),
  "mains.l3": onPhase("main fuse", "L3", MAINS),
  "circuit.l1": onPhase("circuit", "L1", CIRCUIT),
  "circuit.l2": onPhase("circuit", "L2", CIRCUIT),
  "circuit.l3": onPhase("circuit", "L3", CIRCUIT),
  peak: { words: "quarter-hour peak", owner: "balancer, from CAP PEAK and CAP MODE and the mains meter" },
  "grid-relay": { words: "relay of the grid operator", owner: "the grid operator, through SWITCH = Grid Relay" },
  limit: { words: "limit from outside", owner: "whoever set it" },
  capacity: { words: "sum of the phases", owner: "balancer, from CAPACITY and the mains meter" },
  max: { words: "maximum of this charge point", owner: "setting MAX" },
  cable: { words: "cable", owner: "the resistor in its plug" },
  override: { words: "override", owner: "whoever set the override current" },
  settling: { words: "a raise that is on its way", owner: "balancer" },
  "no-current": { words: "too little current for all", owner: "balancer" },
  "retry-wait": { words: "retry time after a shortage", owner: "balancer" },
  "mains-silent": { words: "silent mains meter", owner: "balancer" },
  "circuit-silent": { words: "silent circuit meter", owner: "balancer" },
  "limits-unheard": {
    words: "limits from outside that have not been heard",
    owner: "balancer, from the service limits",
  },
  "ev-meter-silent": { words: "silent EV meter", owner: "balancer" },
  "mode-unavailable": { words: "mode that is not available", owner: "setting MODE" },
  "no-mains-meter": { words: "missing mains meter", owner: "setting MAINS MET" },
  "balancer-silent": { words: "silent balancer", owner: "the charge point itself" },
  "safe-current": { words: "safe current while the balancer is silent", owner: "site file, safeCurrentA" },
  "settings-missing": { words: "missing settings", owner: "the charge point itself" },
  "not-charging": { words: "what the car uses", owner: "the car" },
  unreachable: { words: "lost connection", owner: "balancer" },
  solar: { words: "sun", owner: "solar, from the surplus of the roof" },
  "solar-start": { words: "waiting for the sun", owner: "solar, from START" },
  "solar-stop": { words: "too little sun", owner: "solar, from STOP and IMPORT" },
  turn: { words: "turn of others", owner: "balancer, from PRIORITY, ROTATION and IDLE TMO" },
  "phase-switch": { words: "change between one phase and three", owner: "solar" },
};

/** In words, with the circuit or the owner that it names. */
function nameOf(boundBy: BoundBy): Name {
  const { kind, of } = partsOf(boundBy);
  const name = NAMES[kind];
  if (of === null) return name;
  if (kind === "limit") return { words: `limit of ${of}`, owner: of };
  return {
    words: name.words.replace("circuit", `circuit ${of}`),
    owner: `balancer, from the circuit ${of} of the site file`,
  };
}

/** Which limit holds, whose it is, how old what it rests on is, what would bind next, and when it is looked at again. */
export function explain(point: EvseInsight, shared: BalancerInsight | null, civilMs: number): ExplainView {
  const limits = limitsOf(point, shared);
  const binding = limits.find(limit => limit.boundBy === point.boundBy);
  const heldA = binding?.allowsA ?? point.offerA;
  const others = limits
    .filter(limit => limit !== binding)
    .map(limit => explained(limit, heldA))
    .sort((a, b) => (a.allowsA ?? Infinity) - (b.allowsA ?? Infinity));
  return {
    evseId: point.evseId,
    at: new Date(civilMs).toISOString(),
    offerA: point.offerA,
    reason: point.reason,
    active: explained(binding ?? { boundBy: point.boundBy, allowsA: point.offerA, ofA: null, ageMs: null }, heldA),
    others,
    reconsider: reconsiderIn(point, shared?.reconsider ?? null),
    unheard: shared === null ? ["balancer"] : [],
  };
}

/**
 * Own limits, shared limits, and what the balancer allots. The last is what really holds where it names one of the
 * shared limits: the balancer may not have given yet all that the limit would allow.
 */
function limitsOf(point: EvseInsight, shared: BalancerInsight | null): readonly LimitInsight[] {
  const allotted = point.limits.at(-1);
  const limits = new Map<BoundBy, LimitInsight>();
  for (const limit of [...(shared?.limits ?? []), ...point.limits.slice(0, -1)]) limits.set(limit.boundBy, limit);
  if (allotted === undefined) return [...limits.values()];
  const same = limits.get(allotted.boundBy);
  const own = point.limits.slice(0, -1).some(limit => limit.boundBy === allotted.boundBy);
  if (same === undefined) limits.set(allotted.boundBy, allotted);
  else if (!own) limits.set(allotted.boundBy, { ...same, allowsA: allotted.allowsA });
  return [...limits.values()];
}

function explained(limit: LimitInsight, heldA: number): ExplainedLimit {
  const { words, owner } = nameOf(limit.boundBy);
  return {
    boundBy: limit.boundBy,
    words,
    owner,
    allowsA: limit.allowsA,
    ofA: limit.ofA,
    ageMs: wholeMs(limit.ageMs),
    near: limit.allowsA !== null && limit.allowsA - heldA <= NEAR_A,
  };
}

const OWN: readonly BoundBy[] = ["max", "cable", "override", "settings-missing", "mode-unavailable", "no-mains-meter"];

function reconsiderIn(point: EvseInsight, plan: Reconsider | null): ExplainView["reconsider"] {
  if (point.waitMs > 0) return { inMs: point.waitMs, words: `it may start in ${seconds(point.waitMs)}` };
  if (plan === null) return { inMs: null, words: "when the balancer is heard again" };
  if (point.offerA > 0 && OWN.includes(point.boundBy)) {
    return { inMs: null, words: `when ${nameOf(point.boundBy).owner} changes` };
  }
  const settling = seconds(plan.settlingMs);
  switch (plan.kind) {
    case "raise":
      return {
        inMs: plan.inMs,
        words:
          plan.inMs > 0
            ? `more at the earliest in ${seconds(plan.inMs)}, once there has been room for ${settling}; less with every sample`
            : `more as soon as there has been room for ${settling}; less with every sample`,
      };
    case "retry":
      return { inMs: plan.inMs, words: `in ${seconds(plan.inMs)}, once there has been room all that time` };
    case "join":
      return { inMs: plan.inMs, words: "as soon as the others have made room" };
    case "not-asking":
      return { inMs: null, words: "as soon as the car asks for current" };
    case "cut-only":
      return { inMs: null, words: "when the meter is heard again; until then only for less" };
    case "turn":
      return plan.inMs > 0
        ? { inMs: plan.inMs, words: `its turn begins in ${seconds(plan.inMs)} at the latest` }
        : { inMs: null, words: "when there is room for one more, or a car before it needs no more" };
    case "stop":
      return {
        inMs: plan.inMs,
        words: `it is stopped in ${span(plan.inMs)}, unless the minimum fits before`,
      };
    case "never":
      return { inMs: null, words: `not while this holds: ${point.reason}` };
  }
}

/** CAP STOP is set in minutes. */
function span(ms: number): string {
  return ms < 120_000 ? seconds(ms) : `${Math.ceil(ms / 60_000)} min`;
}

function seconds(ms: number): string {
  return `${ms < 10_000 ? Math.ceil(ms / 100) / 10 : Math.ceil(ms / 1_000)} s`;
}
