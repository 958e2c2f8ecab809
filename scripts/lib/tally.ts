export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Whether not one test said anything, good or bad: then nothing was shown, whatever the stages before found. */
export function noTestRan(files: readonly Tally[]): boolean {
  return files.every(({ passed, failed }) => passed + failed === 0);
}

/** What the last line of a run says. A stage counts as one test, and so does that none ran: as a failed one. */
export function tallyOf(stages: readonly boolean[], files: readonly Tally[]): Tally {
  const good = stages.filter(ok => ok).length;
  const sum = (key: keyof Tally): number => files.reduce((total, file) => total + file[key], 0);
  return { passed: good + sum("passed"), failed: stages.length - good + sum("failed") + (noTestRan(files) ? 1 : 0) };
}
