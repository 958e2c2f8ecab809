import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { bytesOf, decodeLine } from "./decode-json.core.ts";

const OPTIONS = {
  json: { help: "one JSON per line in, one per line out, for programs" },
  type: { value: "METER", help: "which meter answered: a key of docs/meters.md, or the text of the menu" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const LINE_FEED = 0x0a;

const HELP = `edge-evse meter decode --type METER REQUEST RESPONSE [REQUEST RESPONSE ...]
edge-evse meter decode --type METER < FRAMES        one frame per line, request and response in turn
edge-evse meter decode --json < LINES
Turns frames (RTU with their checksum, in hex) into values.
A line of --json: {"meter": "eastron_3p", "address": 10, "exchanges": [{"request": "0A 04 ...", "response": "..."}]};
"meter": "custom" takes "config" with byte_order, data_type, function, cur_regi, cur_divi, pow_regi, pow_divi, ...
${helpOf(OPTIONS)}`;

/** `edge-evse meter decode`: 0 all were decoded, 1 one was not. With --json what is rejected is said in the line. */
export async function decode(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  if (options.json) {
    if (words.length > 0) throw new WrongUse("--json reads its lines from standard input; it takes no frames");
    for await (const line of linesOf(terminal.input)) {
      terminal.print(JSON.stringify(decodeLine(line)));
    }
    return 0;
  }
  if (options.type === undefined) throw new WrongUse("--type METER is missing: which meter answered?");
  const frames = words.length > 0 ? words : await framesOf(terminal.input);
  if (frames.length === 0 || frames.length % 2 !== 0) {
    throw new WrongUse(`${frames.length} frames; expected a request and a response, in turn`);
  }
  for (const frame of frames) {
    if (bytesOf(frame) === null)
      throw new WrongUse(`"${frame}": expected bytes in hex, such as "0A 04 00 06 00 0C 11 75"`);
  }
  const exchanges = Array.from({ length: frames.length / 2 }, (_, at) => ({
    request: frames[2 * at],
    response: frames[2 * at + 1],
  }));
  const decoded = decodeLine(JSON.stringify({ meter: options.type, exchanges }));
  if (decoded["reject"] === true) {
    terminal.tell(`not believed: ${String(decoded["reason"])}`);
    return 1;
  }
  for (const line of tableOf(decoded)) terminal.print(line);
  return 0;
}

/**
 * Lines as a program writes them, ended by a line feed only: readline would also end one at a U+2028, which JSON may hold.
 * An empty line is a line, so that the n-th answer belongs to the n-th line.
 */
async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString("utf8");
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString("utf8");
}

async function framesOf(input: AsyncIterable<Buffer>): Promise<readonly string[]> {
  const frames: string[] = [];
  for await (const line of linesOf(input)) {
    if (line.trim() !== "") frames.push(line.trim());
  }
  return frames;
}

/** Name and value, one below the other. */
function tableOf(decoded: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(decoded).flatMap(([name, value]) => {
    if (name === "registers") {
      return ["registers", ...Object.entries(value as object).map(([key, number]) => `  ${key.padEnd(18)} ${number}`)];
    }
    const text = Array.isArray(value) ? value.join("  ") : JSON.stringify(value);
    return [`${name.padEnd(20)} ${text}`];
  });
}
