/**
 * The product's controller at the end of a line: one JSON message per line on stdin, one reply per line on stdout.
 *
 *   npm run -s bench:controller
 */
import { createInterface } from "node:readline";
import type { Controller, PlantMessage } from "./closed-loop/protocol.ts";
import { createController } from "./controller-core.ts";

let controller: Controller | null = null;

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", text => {
  if (text.trim() === "") return;
  const message = parse(text);
  switch (message.type) {
    case "init":
      if (message.n < 1 || message.n > 8) fail(`n = ${message.n}: expected 1..8`);
      controller = createController(message);
      say({ type: "ready", name: "edge-evse" });
      return;
    case "step":
      if (controller === null) fail("a step before init: expected init first");
      else say(controller(message));
      return;
    case "end":
      say({ type: "bye" });
      lines.close();
  }
});

function parse(text: string): PlantMessage {
  try {
    const message = JSON.parse(text) as PlantMessage;
    if (["init", "step", "end"].includes(message.type)) return message;
  } catch (error) {
    fail(`not JSON: ${String(error)}`);
  }
  return fail(`unknown message: expected {"type":"init"|"step"|"end"}, got ${text.slice(0, 80)}`);
}

function say(reply: object): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function fail(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}
