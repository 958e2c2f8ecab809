import { closeSync, openSync, writeSync } from "node:fs";
import { lineInWords } from "../../services/meter/drivers/modbus-wire.ts";
import { allBlocks, type ReadBlock } from "../../services/meter/modbus/blocks.core.ts";
import { withCrc } from "../../services/meter/modbus/frame.core.ts";
import { SENSORBOX } from "../../services/meter/sources/sensorbox.core.ts";
import { MeterUnreachable, messageOf } from "../../shared/errors.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { type Answer, openLine } from "./asking.ts";
import { LINE_OPTIONS, lineOf, profileCalled, unknownMeter, wholeNumber } from "./line-options.ts";
import type { RecordedExchange, RecordingHead } from "./recording.ts";

const OPTIONS = {
  ...LINE_OPTIONS,
  type: { value: "METER", help: "which meter: a key of docs/meters.md, the text of the menu, or sensorbox" },
  address: { value: "N", help: "its address, 1..247" },
  seconds: { value: "S", help: "how long; until Ctrl-C where nothing is said" },
  every: { value: "MS", help: "how often it is asked; 1000 where nothing is said" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const HELP = `edge-evse meter record FILE --type METER --address N --serial PATH | --tcp HOST:PORT | --rtu-tcp HOST:PORT
Asks a meter for everything that is known of it and keeps the frames in FILE, for meter replay and meter decode.
The line must have no other master meanwhile: stop the site first.
${helpOf(OPTIONS)}`;

/** `edge-evse meter record`: 0 something was answered, 1 nothing. */
export async function record(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  const [file] = words;
  if (file === undefined || words.length > 1) throw new WrongUse(`which FILE?\n${HELP}`);
  if (options.type === undefined || options.address === undefined) {
    throw new WrongUse("--type METER and --address N are needed; meter scan finds them");
  }
  const blocks = blocksOf(options.type);
  const unit = wholeNumber("--address", options.address, 1, 247);
  const everyMs = wholeNumber("--every", options.every ?? "1000", 100, 60_000);
  const forMs = options.seconds === undefined ? Infinity : 1_000 * wholeNumber("--seconds", options.seconds, 1, 86_400);
  const address = lineOf(options);
  const line = await openLine(address);
  const output = openFile(file);
  let answered = 0;
  const startedAt = performance.now();
  const head: RecordingHead = { recording: "edge-evse meter", line: lineInWords(address), type: options.type };
  writeSync(output, `${JSON.stringify(head)}\n`);
  try {
    while (!terminal.stop.aborted && performance.now() - startedAt < forMs) {
      const roundAt = performance.now();
      for (const block of blocks) {
        const request = requestFrame(unit, block);
        const askedAt = performance.now();
        const answer = await line.ask({ unit, ...block });
        if (answer.kind === "lost") throw new MeterUnreachable(`${lineInWords(address)}: the line was lost`);
        const response = responseFrame(unit, block, answer);
        if (response !== null) answered += 1;
        else
          terminal.tell(
            `register ${block.start}: ${answer.kind === "timeout" ? "no answer" : messageOfAnswer(answer)}`,
          );
        const entry: RecordedExchange = {
          atMs: Math.round(askedAt - startedAt),
          request: request.toString("hex"),
          response: response?.toString("hex") ?? null,
          tookMs: Math.round(performance.now() - askedAt),
        };
        writeSync(output, `${JSON.stringify(entry)}\n`);
      }
      await pause(Math.min(roundAt + everyMs, startedAt + forMs) - performance.now(), terminal.stop);
    }
  } finally {
    closeSync(output);
    await line.close();
  }
  terminal.tell(`${answered} answers in ${file}`);
  return answered === 0 ? 1 : 0;
}

function blocksOf(type: string): readonly ReadBlock[] {
  if (type === "sensorbox") return [{ fn: SENSORBOX.fn, start: 0, quantity: SENSORBOX.basicRegisters }];
  const profile = profileCalled(type);
  if (profile === undefined) throw new WrongUse(unknownMeter(type, ["sensorbox"]));
  return allBlocks(profile);
}

function openFile(file: string): number {
  try {
    return openSync(file, "wx");
  } catch (error) {
    throw new WrongUse(`${file}: cannot be made: ${messageOf(error)}; expected a file that is not there yet`);
  }
}

function requestFrame(unit: number, { fn, start, quantity }: ReadBlock): Buffer {
  const body = Buffer.alloc(6);
  body.set([unit, fn]);
  body.writeUInt16BE(start, 2);
  body.writeUInt16BE(quantity, 4);
  return withCrc(body);
}

function responseFrame(unit: number, { fn }: ReadBlock, answer: Answer): Buffer | null {
  if (answer.kind !== "reply") return null;
  return withCrc(Buffer.concat([Buffer.from([unit, fn, answer.data.length]), answer.data]));
}

function messageOfAnswer(answer: Answer): string {
  return "reason" in answer ? answer.reason : answer.kind;
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (ms <= 0 || stop.aborted) return;
  await new Promise<void>(resolve => {
    const timer = setTimeout(done, ms);
    stop.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    }
  });
}
