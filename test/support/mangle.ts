/** Damages a text at random. */
export type Mangler = (text: string, random: () => number) => string;

/** Numbers 0..1 that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function at(text: string, random: () => number): number {
  return Math.floor(random() * text.length);
}

export const manglers = {
  /** One or a few bytes changed, lost, doubled or inserted. */
  anyByte: [
    (text, random) => {
      const place = at(text, random);
      const flipped = text.charCodeAt(place) ^ (1 << Math.floor(random() * 7));
      return text.slice(0, place) + String.fromCharCode(flipped) + text.slice(place + 1);
    },
    (text, random) => {
      const place = at(text, random);
      return text.slice(0, place) + String.fromCharCode(Math.floor(random() * 127)) + text.slice(place + 1);
    },
    (text, random) => {
      const place = at(text, random);
      return text.slice(0, place) + text.slice(place + 1 + Math.floor(random() * 4));
    },
    (text, random) => {
      const place = at(text, random);
      return text.slice(0, place) + text.charAt(place) + text.slice(place);
    },
    (text, random) => {
      const place = at(text, random);
      return text.slice(0, place) + String.fromCharCode(Math.floor(random() * 127)) + text.slice(place);
    },
  ] satisfies Mangler[],
  /** Cut, joined, exchanged in large pieces. */
  anyCut: [
    (text, random) => text.slice(0, at(text, random)),
    (text, random) => text.slice(at(text, random)),
    (text, random) => text.slice(0, at(text, random)) + text.slice(at(text, random)),
    (text, random) => {
      const place = at(text, random);
      return text.slice(place) + text.slice(0, place);
    },
  ] satisfies Mangler[],
};

/** One of the ways, once or a few times over. */
export function garble(ways: readonly Mangler[]): Mangler {
  return (text, random) => {
    let mangled = text;
    const times = 1 + Math.floor(random() * 3);
    for (let time = 0; time < times; time += 1) {
      mangled = ways[Math.floor(random() * ways.length)]?.(mangled, random) ?? mangled;
    }
    return mangled;
  };
}
