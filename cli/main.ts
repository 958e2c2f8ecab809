import { processTerminal } from "./terminal.ts";
import { runTool } from "./tools.ts";

process.exitCode = await runTool(process.argv.slice(2), processTerminal());
// Once read from, an open standard input would keep the process for ever.
process.stdin.destroy();
