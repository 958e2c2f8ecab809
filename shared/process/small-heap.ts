import { setFlagsFromString } from "node:v8";

/**
 * A gateway has little memory and the controller makes little garbage: V8's nursery stays at its first size instead of
 * growing to 48 MB while the modules are read, and code is kept small rather than fast. Import it before everything else.
 */
setFlagsFromString("--semi-space-growth-factor=1");
setFlagsFromString("--optimize-for-size");
