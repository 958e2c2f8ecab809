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
Answers as the meter did that meter record was run on: each request with its next recorded answer, from the beginning
again after the last one. What was never asked is answered with exception 2, as a meter does.
${helpOf(OPTIONS)}`;

const ILLEGAL_ADDRESS = 2;

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
  for (const unit of units) slave.addDevice(unit, answering(exchanges));
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

/** The next recorded answer to each request. */
export function answering(exchanges: readonly RecordedExchange[]): (request: Buffer) => Buffer {
  const answers = new Map<string, { readonly list: Buffer[]; next: number }>();
  for (const { request, response } of exchanges) {
    const body = request.slice(0, -4);
    const known = answers.get(body) ?? { list: [], next: 0 };
    if (response !== null) known.list.push(Buffer.from(response, "hex").subarray(0, -2));
    answers.set(body, known);
  }
  return request => {
    const known = answers.get(request.toString("hex"));
    const answer = known?.list[known.next % known.list.length];
    if (known === undefined || answer === undefined) {
      return Buffer.from([request[0] ?? 0, (request[1] ?? 0) | 0x80, ILLEGAL_ADDRESS]);
    }
    known.next += 1;
    return Buffer.from(answer);
  };
}

async function overTcp(slave: ModbusSlave, where: string, terminal: Terminal): Promise<() => Promise<void>> {
  const { host, port } = hostAndPort("--tcp", where, null);
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
