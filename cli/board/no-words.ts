import { WrongUse } from "../options.ts";

/** Board commands take options only; a word without its option is a mistake that must not be overlooked. */
export function noWords(command: string, words: readonly string[]): void {
  const [word] = words;
  if (word === undefined) return;
  const meant = word.startsWith("/dev/")
    ? `; expected --port ${word}`
    : /:\d+$/.test(word)
      ? `; expected --tcp ${word}`
      : "";
  throw new WrongUse(`board ${command} takes options only; found "${word}"${meant}`);
}
