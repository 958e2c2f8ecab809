/** One deliberate fault: this text, found exactly once in this file, becomes that one. */
export interface Mutant {
  readonly fault: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The file with the fault in it. Throws when the text is not there exactly once: the list has to follow the source. */
export function mutated(source: string, { file, from, to }: Mutant): string {
  const found = source.split(from).length - 1;
  if (found !== 1) throw new Error(`${file}: "${from}" is there ${found} times, expected once`);
  return source.replace(from, () => to);
}
