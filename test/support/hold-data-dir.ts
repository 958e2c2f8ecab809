import { holdDataDir } from "../../shared/process/data-dir.ts";

// Holds a data directory until it is killed.
const [dir = "", node = ""] = process.argv.slice(2);
holdDataDir(dir, node);
console.log("held");
setInterval(() => undefined, 1_000);
