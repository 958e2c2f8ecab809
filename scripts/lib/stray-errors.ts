import type { Base, TestBase } from "tap";

type Origin = NodeJS.UncaughtExceptionOrigin;

/**
 * tap follows every promise and timer through Node's async hooks, to find the test that a stray error belongs to. That
 * makes each promise several times as dear, and tests on stepped time are made of promises. Files run one after another
 * here, so the test that runs is known without.
 */

/** Stands in for `async-hook-domain`: only the handler is kept. */
export class Domain {
  readonly onerror: (error: unknown, origin: Origin) => void;

  constructor(onerror: (error: unknown, origin: Origin) => void) {
    this.onerror = onerror;
  }

  destroy(): void {
    // There is nothing to let go of.
  }
}

let file: TestBase | null = null;

/**
 * An error that nobody caught, from a timer or a promise, fails the innermost test that runs in this file; with null,
 * between two files, it ends the process.
 */
export function layStrayErrorsTo(test: TestBase | null): void {
  file = test;
  process.off("uncaughtException", failWhatRuns);
  if (test !== null) process.on("uncaughtException", failWhatRuns);
}

function failWhatRuns(error: Error, origin: Origin): void {
  if (file !== null) innermost(file).hookDomain.onerror(error, origin);
}

function innermost(test: Base): Base {
  const running = "activeSubtests" in test ? [...(test as TestBase).activeSubtests].at(-1) : undefined;
  return running === undefined ? test : innermost(running);
}
