import { registerHooks } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Test } from "tap";
import { layStrayErrorsTo } from "./stray-errors.ts";

/**
 * Runs the test files that its parent names, one after another, each as a test of its own: the import of tap, of the
 * framework and of the contracts is most of what a quick file costs, and is paid once here. What a file's `import t from
 * "tap"` gives it is that test, so a file is written, and can be run alone, as ever. See docs/decisions/030-test-processes.md.
 */
const projectDir = join(import.meta.dirname, "../..");
/** A test that waits for something that never comes, while something else keeps the process alive. */
const FILE_TIMEOUT_MS = 1_200_000;
/** From the end of the last test to the end of the process. */
const LEFT_OPEN_MS = 10_000;

const running = new Map<string, Test>();
Object.assign(globalThis, { [Symbol.for("edge-evse.test-of")]: (url: string) => running.get(url) });

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === "async-hook-domain") {
      return { url: new URL("stray-errors.ts", import.meta.url).href, shortCircuit: true };
    }
    if (specifier === "tap" && context.parentURL !== undefined && running.has(context.parentURL)) {
      const source = `export default globalThis[Symbol.for("edge-evse.test-of")](${JSON.stringify(context.parentURL)})`;
      return { url: `data:text/javascript,${encodeURIComponent(source)}`, format: "module", shortCircuit: true };
    }
    return nextResolve(specifier, context);
  },
});

const { default: root } = await import("tap");
// Between two files only the channel to the parent keeps this process; during a file nothing of ours does, so that a
// test whose last event has gone by ends the process, unfinished.
const channel = process.channel as unknown as { ref(): void; unref(): void };

process.on("message", (file: string) => {
  channel.unref();
  if (file === "") {
    setTimeout(sayWhatIsLeftOpen, LEFT_OPEN_MS).unref();
    return;
  }
  // Said in one piece: a write per line costs more than many a test. Ends early, it is said on the way out.
  process.stdout.cork();
  void run(file).then(() => {
    // On the same stream, so that all that the file said stands before it.
    root.write(`# end of ${file}\n`);
    process.stdout.uncork();
    channel.ref();
  });
});
channel.ref();
process.on("exit", () => {
  process.stdout.uncork();
});
process.send?.("ready");

async function run(file: string): Promise<void> {
  const { href } = pathToFileURL(resolve(projectDir, file));
  await root.test(file, { timeout: FILE_TIMEOUT_MS }, async t => {
    running.set(href, t);
    layStrayErrorsTo(t);
    await import(href);
  });
  layStrayErrorsTo(null);
  running.delete(href);
}

function sayWhatIsLeftOpen(): void {
  process.stderr.write(`the tests have ended, the process does not: ${process.getActiveResourcesInfo().join(", ")}\n`);
  process.exit(1);
}
