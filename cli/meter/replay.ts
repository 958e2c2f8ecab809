import { findAnswer, readRequestOf } from "../../services/meter/modbus/frame.core.ts";
import { ModbusSlave } from "../../services/simulator/meters/modbus-slave.ts";
import { messageOf, StartRefused } from "../../shared/errors.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { hostAndPort, wholeNumber } from "./line-options.ts";
import { type RecordedExchange, readRecording } from "./recording.ts";

const OPTIONS = {
  tcp: { value: "HOST:PORT", help: "answers on Modbus TCP; 127.0.0.1:1502 where nothing is said" },
  serial: { value: "PATH", help: "answers on a serial line" },
  baud: { value: "RATE", help: "its speed; 9600 where nothing is said" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const HELP = `edge-evse meter replay FILE [--tcp HOST:PORT | --serial PATH]
Answers as the meter did that meter record was run on, at the pace of the recording, and from the beginning again after
its end. A register that was not recorded is answered with exception 2, as a meter does.
${helpOf(OPTIONS)}`;

const ILLEGAL_ADDRESS = 2;
/** Registers that a reply can hold (Modbus application protocol 6.3). */
const MAX_QUANTITY = 125;

/** `edge-evse meter replay`: until it is stopped. */
export async function replay(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  const [file] = words;
  if (file === undefined || words.length > 1) throw new WrongUse(`which FILE?\n${HELP}`);
  if (options.tcp !== undefined && options.serial !== undefined)
    throw new WrongUse("expected --tcp or --serial, not both");
  const exchanges = readRecording(file);
  const slave = new ModbusSlave(systemClock);
  const units = [...new Set(exchanges.map(({ request }) => Number.parseInt(request.slice(0, 2), 16)))];
  const startedAt = systemClock.now();
  const answer = answering(exchanges, () => systemClock.now() - startedAt);
  for (const unit of units) slave.addDevice(unit, answer);
  const close =
    options.serial === undefined
      ? await overTcp(slave, options.tcp ?? "127.0.0.1:1502", terminal)
      : await overSerial(
          slave,
          options.serial,
          wholeNumber("--baud", options.baud ?? "9600", 1_200, 115_200),
          terminal,
        );
  terminal.tell(`answering as address ${units.join(", ")} from ${exchanges.length} recorded exchanges; Ctrl-C ends`);
  await new Promise<void>(resolve => {
    if (terminal.stop.aborted) resolve();
    terminal.stop.addEventListener("abort", () => resolve());
  });
  await close();
  return 0;
}

/** Words of the registers that were recorded, each with when it was read. */
type Track = readonly { readonly atMs: number; readonly word: number }[];

/** The device as it was: each register has the word that was read last, round and round. */
export function answering(
  exchanges: readonly RecordedExchange[],
  elapsedMs: () => number,
): (request: Buffer) => Buffer {
  const tracks = new Map<string, { atMs: number; word: number }[]>();
  for (const { atMs, request, response } of exchanges) {
    const asked = readRequestOf(Buffer.from(request, "hex"));
    const answer = asked === null || response === null ? null : findAnswer(asked, Buffer.from(response, "hex"));
    if (asked === null || answer === null || answer[1] !== asked.fn) continue;
    for (let at = 0; at < asked.quantity; at += 1) {
      const key = `${asked.unit} ${asked.fn} ${asked.start + at}`;
      const track = tracks.get(key) ?? [];
      track.push({ atMs, word: answer.readUInt16BE(3 + 2 * at) });
      tracks.set(key, track);
    }
  }
  const lastsMs = Math.max(...exchanges.map(({ atMs, tookMs }) => atMs + tookMs), 1);
  return request => {
    const [unit, fn] = [request[0] ?? 0, request[1] ?? 0];
    const [start, quantity] = request.length < 6 ? [0, 0] : [request.readUInt16BE(2), request.readUInt16BE(4)];
    const nowMs = elapsedMs() % lastsMs;
    const data = Buffer.alloc(2 * Math.min(quantity, MAX_QUANTITY));
    for (let at = 0; at < quantity; at += 1) {
      const word = wordAt(tracks.get(`${unit} ${fn} ${start + at}`), nowMs);
      if (word === null || at >= MAX_QUANTITY) return Buffer.from([unit, fn | 0x80, ILLEGAL_ADDRESS]);
      data.writeUInt16BE(word, 2 * at);
    }
    return quantity === 0
      ? Buffer.from([unit, fn | 0x80, ILLEGAL_ADDRESS])
      : Buffer.concat([Buffer.from([unit, fn, data.length]), data]);
  };
}

function wordAt(track: Track | undefined, nowMs: number): number | null {
  const word = track?.findLast(({ atMs }) => atMs <= nowMs) ?? track?.[0];
  return word?.word ?? null;
}

async function overTcp(slave: ModbusSlave, where: string, terminal: Terminal): Promise<() => Promise<void>> {
  const { host, port } = hostAndPort("--tcp", where, null, 0);
  const taken = await slave.listen(port, host);
  terminal.print(`tcp ${host}:${taken}`);
  return () => slave.close();
}

async function overSerial(
  slave: ModbusSlave,
  path: string,
  baudRate: number,
  terminal: Terminal,
): Promise<() => Promise<void>> {
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open(error => {
      if (error === null) resolve();
      else reject(new StartRefused(`${path}: ${messageOf(error)}`, { cause: error }));
    });
  });
  slave.serveRtu(port, baudRate);
  terminal.print(`serial ${path} ${baudRate}`);
  return async () => {
    if (port.isOpen) await new Promise<void>(resolve => port.close(() => resolve()));
    await slave.close();
  };
}
