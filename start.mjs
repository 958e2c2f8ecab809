// The entry: prepares the process, then reads the program. In JavaScript, because Node's TypeScript reader, once it is
// loaded, stays with 15 MB. See docs/decisions/031-small-heap.md.
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

// A gateway has little memory and the controller makes little garbage: V8's nursery stays at its first size instead of
// growing to 48 MB while the modules are read, and code is kept small rather than fast. Below 4 MB collecting it costs more
// than it saves.
setFlagsFromString("--min-semi-space-size=4");
setFlagsFromString("--semi-space-growth-factor=1");
setFlagsFromString("--optimize-for-size");

// What was compiled once is read from there: half of the time to start, and no TypeScript is left to read. Where nothing
// can be written it goes without. NODE_COMPILE_CACHE names another place.
enableCompileCache(join(import.meta.dirname, "node_modules/.cache/compiled-site"));

await import("./main.ts");
