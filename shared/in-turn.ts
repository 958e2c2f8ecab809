/** Work that must not overlap. */
export interface Queue {
  /** Begins once what came before is done, whether that went well or not. Throws what `work` throws. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves once all that was asked for so far is done. */
  idle(): Promise<void>;
}

/** One thing at a time: what is begun next sees what the one before has done. */
export function oneAtATime(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const turn = last.then(work);
      last = turn.catch(() => undefined);
      return turn;
    },
    async idle() {
      await last;
    },
  };
}
