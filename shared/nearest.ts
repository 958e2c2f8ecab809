/** The known words that look most like a mistyped one, best first; none when nothing is close. */
export function nearest(word: string, known: Iterable<string>, atMost = 3): readonly string[] {
  const wanted = word.toLowerCase();
  const tolerated = Math.max(2, Math.floor(wanted.length / 3));
  return [...known]
    .map(candidate => ({ candidate, edits: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= tolerated && edits < candidate.length)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, atMost)
    .map(({ candidate }) => candidate);
}

/** `; did you mean a or b?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const close = nearest(word.slice(0, 80), known);
  return close.length === 0 ? "" : `; did you mean ${close.join(" or ")}?`;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
