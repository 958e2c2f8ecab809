/** What a life has seen so far. */
export interface LifeFigures {
  visits: number;
  sessions: number;
  energyWh: number;
  closings: number;
  troubles: number;
  /** Changes of settings, modes and limits from outside. */
  changes: number;
  /** How often another gateway began to decide. */
  takeovers: number;
  /** How long nobody decided though a gateway had been there all the time. */
  longestLeaderlessS: number;
  /** Above the main fuse or CAPACITY, with every meter and gateway there. */
  longestOverS: number;
  /** Above a circuit or a limit from outside. */
  longestAboveLimitS: number;
  longestIdleS: number;
  /** Of sessions that a register tells. */
  energyErrorWh: number;
  /** Sessions whose meter was silent when they began, for longer than it is believed. */
  estimates: number;
  broken: string[];
}

export function noFigures(): LifeFigures {
  return {
    visits: 0,
    sessions: 0,
    energyWh: 0,
    closings: 0,
    troubles: 0,
    changes: 0,
    takeovers: 0,
    longestLeaderlessS: 0,
    longestOverS: 0,
    longestAboveLimitS: 0,
    longestIdleS: 0,
    energyErrorWh: 0,
    estimates: 0,
    broken: [],
  };
}

/** A count has just gone beyond its limit. */
export function passes(before: number, after: number, limit: number): boolean {
  return before <= limit && after > limit;
}

/** Seconds that something has lasted, a step of so many seconds on: it began with the last of them, not with the first. */
export function counted(before: number, seconds: number): number {
  return before === 0 ? 1 : before + seconds;
}
