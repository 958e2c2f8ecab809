import { allBlocks, liveBlocks, type ReadBlock, voltageBlocks } from "../../services/meter/modbus/blocks.core.ts";
import { type MeterProfile, meterProfiles, profileNamed } from "../../services/meter/modbus/profiles.ts";
import { decodeWords, type RawValues, wordsOf } from "../../services/meter/modbus/registers.core.ts";
import { SUNSPEC_BASES, SUNSPEC_MARK } from "../../services/meter/modbus/sunspec.core.ts";
import { SENSORBOX } from "../../services/meter/sources/sensorbox.core.ts";
import { MeterUnreachable } from "../../shared/errors.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { type Answer, type OpenLine, openLine } from "./asking.ts";
import { LINE_OPTIONS, lineOf, wholeNumber } from "./line-options.ts";

const OPTIONS = {
  ...LINE_OPTIONS,
  addresses: { value: "FROM-TO", help: "which addresses; 1-247 where nothing is said" },
  wait: { value: "MS", help: "how long an answer is waited for; 100 where nothing is said" },
  json: { help: "one JSON per meter found" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const HELP = `edge-evse meter scan --serial PATH | --tcp HOST:PORT | --rtu-tcp HOST:PORT
Asks every address on a line and guesses what answers. The line must have no other master meanwhile: stop the site first.
${helpOf(OPTIONS)}`;

/** What nearly every meter answers, if only with an exception. */
const KNOCKS = [
  { fn: 4, start: 0, quantity: 2 },
  { fn: 3, start: 0, quantity: 2 },
] as const;
const VOLTAGE_V = [80, 300] as const;
const FREQUENCY_HZ = [45, 65] as const;
/** Of what is said at most. */
const GUESSES = 3;

export interface Guess {
  readonly type: string;
  readonly name: string;
  /** What speaks for it, 0..1. */
  readonly certainty: number;
}

/** `edge-evse meter scan`: 0 something was found, 1 nothing. */
export async function scan(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  if (words.length > 0) throw new WrongUse(`"${words.join(" ")}" is not understood\n${HELP}`);
  const [from, to] = rangeOf(options.addresses ?? "1-247");
  const line = await openLine(lineOf(options), wholeNumber("--wait", options.wait ?? "100", 20, 5_000));
  let found = 0;
  try {
    for (let unit = from; unit <= to && !terminal.stop.aborted; unit += 1) {
      if ((unit - from) % 10 === 0) terminal.tell(`address ${unit} of ${from}-${to}, ${found} found`);
      if (!(await knock(line, unit))) continue;
      found += 1;
      const guesses = await guess(line, unit);
      terminal.print(options.json ? JSON.stringify({ address: unit, guesses }) : inWords(unit, guesses));
    }
  } finally {
    await line.close();
  }
  terminal.tell(
    found === 0
      ? "nothing answered; check A and B, the speed, and that no other master is on the line"
      : `${found} found`,
  );
  return found === 0 ? 1 : 0;
}

function rangeOf(text: string): readonly [number, number] {
  const [, first = "", last = first] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || from < 1 || to > 247 || from > to)
    throw new WrongUse(`--addresses ${text}: expected FROM-TO within 1-247`);
  return [from, to];
}

/** Whether anything is there: a refusal is an answer too. */
async function knock(line: OpenLine, unit: number): Promise<boolean> {
  for (const block of KNOCKS) {
    const answer = held(await line.ask({ unit, ...block }));
    if (answer.kind === "reply" || answer.kind === "exception") return true;
  }
  return false;
}

function held(answer: Answer): Answer {
  if (answer.kind === "lost") throw new MeterUnreachable("the line was lost while scanning");
  return answer;
}

/** What a device may be, the likeliest first: its registers read as each make would have them. */
export async function guess(line: OpenLine, unit: number): Promise<readonly Guess[]> {
  const known = new Map<string, Buffer | null>();
  const ask = async ({ fn, start, quantity }: ReadBlock): Promise<Buffer | null> => {
    const key = `${fn} ${start} ${quantity}`;
    if (!known.has(key)) {
      // It is known to be there: what it did not answer it is asked once more.
      const first = held(await line.ask({ unit, fn, start, quantity }));
      const isAnswer = first.kind === "reply" || first.kind === "exception";
      const answer = isAnswer ? first : held(await line.ask({ unit, fn, start, quantity }));
      known.set(key, answer.kind === "reply" ? answer.data : null);
    }
    return known.get(key) ?? null;
  };
  if (await isSensorbox(ask)) return [{ type: "sensorbox", name: "Sensorbox", certainty: 1 }];
  for (const start of SUNSPEC_BASES) {
    const mark = await ask({ fn: 3, start, quantity: 2 });
    if (mark !== null && SUNSPEC_MARK.every((word, at) => mark.readUInt16BE(2 * at) === word)) {
      return [{ type: "sunspec", name: "SunSpec device", certainty: 1 }];
    }
  }
  const guesses: Guess[] = [];
  for (const profile of meterProfiles.filter(({ reversed }) => !reversed)) {
    const certainty = await fits(profile, ask);
    if (certainty > 0) guesses.push({ type: profile.key, name: profile.name, certainty });
  }
  return guesses.sort((a, b) => b.certainty - a.certainty || weight(b) - weight(a)).slice(0, GUESSES);
}

/** What explains more of the device is the likelier guess; of those that share a map, the one that a menu can choose. */
function weight({ type }: Guess): number {
  const profile = profileNamed(type);
  return profile === undefined ? 0 : profile.registers.length + (profile.typeId === null ? 0 : 0.5);
}

type Ask = (block: ReadBlock) => Promise<Buffer | null>;

async function isSensorbox(ask: Ask): Promise<boolean> {
  const data = await ask({ fn: SENSORBOX.fn, start: 0, quantity: SENSORBOX.basicRegisters });
  const wires = data?.readUInt8(1) ?? 0;
  return data !== null && data.readUInt8(0) <= 3 && (wires === 0x0f || (wires & 0xfc) === 0x14);
}

/** Voltages and a frequency that a mains can have speak for a make; a register that is not there speaks against it. */
async function fits(profile: MeterProfile, ask: Ask): Promise<number> {
  const words = new Map<number, number>();
  let missing = 0;
  for (const block of allBlocks(profile)) {
    const data = await ask(block);
    const read = data === null ? null : wordsOf(block, data);
    if (read?.ok === true) for (const [address, word] of read.values) words.set(address, word);
    else missing += 1;
    const isNeeded = [...liveBlocks(profile), ...voltageBlocks(profile)].some(needed => needed.start === block.start);
    if (read?.ok !== true && isNeeded) return 0;
  }
  const decoded = decodeWords(profile, words);
  return decoded.ok && words.size > 0 ? certaintyOf(decoded.values, missing) : 0;
}

function certaintyOf(values: RawValues, missing: number): number {
  const entries = Object.entries(values);
  const voltages = entries.filter(([quantity]) => quantity.startsWith("voltage")).map(([, value]) => value);
  const currents = entries.filter(([quantity]) => quantity.startsWith("current")).map(([, value]) => value);
  const within = (value: number, [least, most]: readonly [number, number]): boolean => value >= least && value <= most;
  if (voltages.some(volts => volts !== 0 && !within(volts, VOLTAGE_V))) return 0;
  if (currents.some(amps => Math.abs(amps) > 1_000)) return 0;
  if (voltages.length > 0 && voltages.every(volts => volts === 0)) return 0;
  const { frequency, importEnergy = 0 } = values;
  if (frequency !== undefined && frequency !== 0 && !within(frequency, FREQUENCY_HZ)) return 0;
  const points = (voltages.length > 0 ? 0.5 : 0.1) + (frequency !== undefined && frequency !== 0 ? 0.3 : 0);
  const energy = importEnergy > 0 && importEnergy < 1e9 ? 0.2 : 0;
  return Math.round(100 * (points + energy) * (1 / (1 + missing))) / 100;
}

function inWords(unit: number, guesses: readonly Guess[]): string {
  const words = guesses.map(({ type, name, certainty }) => `${type} (${name}, ${Math.round(100 * certainty)} %)`);
  return `address ${unit}: ${words.length === 0 ? "answers, but like no meter that is known" : words.join("; ")}`;
}
