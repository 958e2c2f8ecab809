import { counted, type LifeFigures, passes } from "./life-figures.ts";
import { GARAGE, type LifeSite, MAINS_A } from "./life-site.ts";

/** A sample, the car's reaction, and the 20 s that the smallest shortage may last. */
const OVER_AT_MOST_S = 1 + 5 + 22 + 2;
/** Silence of the mains meter is borne for 11 s; then the cars get 6 s. */
const BLIND_AT_MOST_S = 11 + 6 + 2;
/** What is only given is cut with the word; the word takes a second, the car its reaction. */
const ABOVE_AT_MOST_S = 1 + 6 + 1;
/** Who is not told anything stops by itself: 5 s of an allocation, a grant, 6 s in C1. */
const UNTOLD_AT_MOST_S = 5 + 1 + 6 + 2;
/** A gateway that has been there for so long knows enough to take over. */
const READY_S = 8;
/** A lease stands unchanged for 1.5 s before it is taken. */
const LEADERLESS_AT_MOST_S = 3;

/** One limit as it is now, and what is held against it. */
interface Held {
  readonly key: string;
  readonly limitA: number;
  readonly loadA: number;
  /** The part of it that the cars are. */
  readonly drawnA: number;
  /** What else it carries; more of it is another step. */
  readonly otherA: number;
  /** Borne by CAP STOP. */
  readonly toleratedS?: number;
  readonly atMostS: number;
  readonly blindS: number;
}

/** Holds fuse, capacity, circuits and limits from outside, and who decides, against what must always be so. */
export class LimitsWatch {
  readonly #site: LifeSite;
  readonly #figures: LifeFigures;
  readonly #report: (words: string) => void;
  readonly #over = new Map<string, { s: number; limitA: number; otherA: number }>();
  #blindAt = -Infinity;
  #untoldAt = -Infinity;
  #leaderlessS = 0;
  #seconds = 1;
  #lastLeader: string | null = null;

  constructor(site: LifeSite, figures: LifeFigures, report: (words: string) => void) {
    this.#site = site;
    this.#figures = figures;
    this.#report = report;
  }

  look(seconds: number): void {
    this.#seconds = seconds;
    const { now, networkBackAt, mainsSilentUntil, limitsSilentUntil } = this.#site;
    const led = this.#site.isLed() && now >= networkBackAt;
    if (!led || now < mainsSilentUntil) this.#blindAt = now;
    // Who does not hear of a limit cannot keep it.
    if (!led || now < limitsSilentUntil) this.#untoldAt = now;
    for (const held of this.#limits()) this.#hold(held);
    this.#leader();
  }

  #limits(): readonly Held[] {
    const { houseA, sunA, settings } = this.#site;
    const mains = this.#site.mains();
    const drawn = this.#site.drawnBy(() => true);
    const measured = { blindS: this.#blind(this.#blindAt, BLIND_AT_MOST_S), atMostS: OVER_AT_MOST_S };
    const given = { blindS: this.#blind(this.#untoldAt, UNTOLD_AT_MOST_S), atMostS: ABOVE_AT_MOST_S, otherA: 0 };
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const held: Held[] = mains.map((loadA, phase) => ({
      ...measured,
      key: `mains L${phase + 1}`,
      limitA: MAINS_A,
      loadA,
      drawnA: drawn[phase] ?? 0,
      otherA: (houseA[phase] ?? 0) - sunA / 3,
    }));
    if (settings.capacityA !== null) {
      const toleratedS = settings.capStopMs / 1_000;
      const [loadA, drawnA, otherA] = [sum(mains), sum(drawn), sum(houseA) - sunA];
      // A sum has the noise of three phases.
      held.push({ ...measured, key: "capacity", limitA: settings.capacityA + 0.3, loadA, drawnA, otherA, toleratedS });
    }
    const perPhase = (key: string, limitA: number, loads: readonly number[]): void =>
      loads.forEach((loadA, phase) =>
        held.push({ ...given, key: `${key} L${phase + 1}`, limitA, loadA, drawnA: loadA }),
      );
    perPhase(
      "garage",
      GARAGE.limitA,
      this.#site.drawnBy(({ id }) => GARAGE.members.some(member => member === id)),
    );
    if (settings.circuitA !== null) perPhase("circuit", settings.circuitA, drawn);
    for (const { limitId, evseId, maxA, maxW } of this.#site.standing()) {
      const loads = this.#site.drawnBy(({ id }) => evseId === null || evseId === id);
      if (maxA !== null) perPhase(limitId, maxA, loads);
      else
        held.push({ ...given, key: limitId, limitA: (maxW ?? 0) / 230 + 0.3, loadA: sum(loads), drawnA: sum(loads) });
    }
    return held;
  }

  #hold({ key, limitA, loadA, drawnA, otherA, toleratedS = 0, atMostS, blindS }: Held): void {
    const before = this.#over.get(key) ?? { s: 0, limitA, otherA };
    const over = loadA > limitA + 0.05 && drawnA > 0.05;
    const stepped = otherA > before.otherA + 0.05 || limitA < before.limitA - 0.05;
    const s = over && !stepped ? counted(before.s, this.#seconds) : 0;
    this.#over.set(key, { s, limitA, otherA });
    const figure = key.startsWith("mains") || key === "capacity" ? "longestOverS" : "longestAboveLimitS";
    if (blindS === 0) this.#figures[figure] = Math.max(this.#figures[figure], s - toleratedS);
    if (passes(before.s, s, toleratedS + atMostS + blindS))
      this.#report(`${key}: ${loadA.toFixed(1)} A for ${s} s, ${limitA.toFixed(1)} A is its limit`);
  }

  #blind(since: number, atMostS: number): number {
    return since + atMostS * 1_000 > this.#site.now ? atMostS : 0;
  }

  #leader(): void {
    const { now, gateways, networkBackAt } = this.#site;
    for (const role of ["balancer", "solar"] as const) {
      const leaders = gateways.filter(gateway => gateway.epoch(role, now) !== null);
      if (leaders.length > 1) this.#report(`${leaders.length} gateways decide as ${role}`);
    }
    const leader = gateways.find(gateway => gateway.epoch("balancer", now) !== null)?.name ?? null;
    if (leader !== null && leader !== this.#lastLeader) {
      if (this.#lastLeader !== null) this.#figures.takeovers += 1;
      this.#lastLeader = leader;
    }
    const ready = gateways.some(gateway => {
      const since = Math.max(gateway.startedAt, gateway.pausedUntil, gateway.cutUntil, networkBackAt);
      return gateway.runs(now) && now >= since + READY_S * 1_000;
    });
    const before = this.#leaderlessS;
    this.#leaderlessS = ready && leader === null ? counted(before, this.#seconds) : 0;
    this.#figures.longestLeaderlessS = Math.max(this.#figures.longestLeaderlessS, this.#leaderlessS);
    if (passes(before, this.#leaderlessS, LEADERLESS_AT_MOST_S))
      this.#report(`nobody decides for ${this.#leaderlessS} s`);
  }
}
