import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { z } from "zod";
import { JournalRefused, messageOf } from "../errors.ts";
import type { Journal, JournalPart } from "./journal.ts";

const LAYOUT = 1;
/** Steps that are put into words at a time: the loop that feeds the board must not wait for a journal. */
const STEPS_AT_ONCE = 100;

/** What a journal is of: `core` names the function that made the decisions. */
export interface JournalHead {
  readonly core: string;
  /** The service: "balancer", "evse-left". */
  readonly name: string;
}

const headLine = z.object({ journal: z.literal(LAYOUT), core: z.string(), name: z.string() });
const partLine = z.object({ state: z.unknown() });
const stepLine = z.object({ at: z.number(), in: z.unknown(), out: z.array(z.unknown()) });

/** A journal as lines of JSON, packed and in base64: small enough for one message. */
export async function packJournal(head: JournalHead, journal: Journal): Promise<string> {
  const lines = [JSON.stringify({ journal: LAYOUT, ...head })];
  for (const { state, entries } of journal.parts) {
    lines.push(encode({ state }));
    for (let from = 0; from < entries.length; from += STEPS_AT_ONCE) {
      for (const { at, input, outputs } of entries.slice(from, from + STEPS_AT_ONCE)) {
        lines.push(encode({ at, in: input, out: outputs }));
      }
      await new Promise<void>(resolve => {
        setImmediate(resolve);
      });
    }
  }
  return (await promisify(gzip)(`${lines.join("\n")}\n`)).toString("base64");
}

export async function unpackJournal(packed: string): Promise<string> {
  return (await promisify(gunzip)(Buffer.from(packed, "base64"))).toString("utf8");
}

/** Reads the lines. Throws `JournalRefused` naming the line and what would be right. */
export function readJournal(text: string): { readonly head: JournalHead; readonly parts: readonly JournalPart[] } {
  const [first = "", ...lines] = text.split("\n").filter(line => line.trim() !== "");
  const head = readLine(
    headLine,
    first,
    1,
    `a journal of layout ${LAYOUT}: {"journal":${LAYOUT},"core":...,"name":...}`,
  );
  const parts: { state: unknown; entries: JournalPart["entries"][number][] }[] = [];
  lines.forEach((line, index) => {
    const number = index + 2;
    if (line.startsWith('{"state":')) {
      parts.push({ ...readLine(partLine, line, number, '{"state":...}'), entries: [] });
      return;
    }
    const step = readLine(stepLine, line, number, '{"at":...,"in":...,"out":[...]}');
    const part = parts.at(-1);
    if (part === undefined) throw new JournalRefused(`line ${number}: a step before any {"state":...}`);
    part.entries.push({ at: step.at, input: step.in, outputs: step.out });
  });
  return { head: { core: head.core, name: head.name }, parts };
}

function readLine<S extends z.ZodType>(schema: S, line: string, number: number, expected: string): z.output<S> {
  try {
    return schema.parse(decode(line));
  } catch (error) {
    const problem = error instanceof SyntaxError ? messageOf(error) : "it is something else";
    throw new JournalRefused(`line ${number}: expected ${expected}: ${problem}`, { cause: error });
  }
}

/** JSON that keeps what JSON alone loses: Infinity, NaN, -0, Map and Set. Equal values give equal text. */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one === "number" && (!Number.isFinite(one) || Object.is(one, -0))) {
      return { "~number": Object.is(one, -0) ? "-0" : String(one) };
    }
    if (one instanceof Map) return { "~map": [...(one as Map<unknown, unknown>)] };
    if (one instanceof Set) return { "~set": [...(one as Set<unknown>)] };
    return one;
  });
}

export function decode(text: string): unknown {
  return JSON.parse(text, (_key, one: unknown) => {
    if (typeof one !== "object" || one === null) return one;
    if ("~number" in one) return Number(one["~number"]);
    if ("~map" in one) return new Map(one["~map"] as [unknown, unknown][]);
    if ("~set" in one) return new Set(one["~set"] as unknown[]);
    return one;
  });
}
