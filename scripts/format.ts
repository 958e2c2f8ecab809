import { runNode } from "./lib/stages.ts";

const { code, output } = await runNode([
  "node_modules/@biomejs/biome/bin/biome",
  "check",
  "--write",
  "--colors=off",
  ".",
]);
process.stdout.write(output);
process.exit(code);
