/** The figures of one measurement, in the unit of its samples. */
export interface Figures {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function figuresOf(samples: readonly number[]): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? Number.NaN };
}

/** A row as the benches print it: name, figures, and what is aimed at. */
export function row(name: string, figures: Figures, unit: string, aim = ""): string {
  const value = (x: number): string => x.toFixed(3).padStart(10);
  return `${name.padEnd(44)} ${value(figures.p50)} ${value(figures.p99)} ${value(figures.max)} ${unit.padEnd(3)} n=${figures.n} ${aim}`;
}

export function heading(title: string): string {
  return `\n${title}\n${"".padEnd(44)} ${"p50".padStart(10)} ${"p99".padStart(10)} ${"max".padStart(10)}`;
}

/** Runs something many times after a warm-up; milliseconds each. */
export function time(times: number, run: () => void, warmUp = Math.ceil(times / 5)): Figures {
  for (let i = 0; i < warmUp; i += 1) run();
  const samples: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const from = performance.now();
    run();
    samples.push(performance.now() - from);
  }
  return figuresOf(samples);
}
