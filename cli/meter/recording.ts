import { readFileSync } from "node:fs";
import { crc16 } from "../../services/meter/modbus/frame.core.ts";
import { WrongUse } from "../options.ts";
import { bytesOf } from "./decode-json.core.ts";

/** A request and what came back, whole RTU frames in hex; an answer that never came is null. */
export interface RecordedExchange {
  readonly atMs: number;
  readonly request: string;
  readonly response: string | null;
  /** How long the device took. */
  readonly tookMs: number;
}

/** The first line of a file of recorded traffic. */
export interface RecordingHead {
  readonly recording: "edge-evse meter";
  readonly line: string;
  readonly type: string;
}

const MARK = '"recording":"edge-evse meter"';

/** Reads a file of `meter record`. Throws `WrongUse` naming the line that is not understood. */
export function readRecording(file: string): readonly RecordedExchange[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new WrongUse(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [head = "", ...lines] = text.split("\n");
  if (!head.includes(MARK)) throw new WrongUse(`${file}: is no recording of edge-evse meter record`);
  const exchanges = lines.flatMap((line, index) => (line.trim() === "" ? [] : [exchangeOf(line, file, index + 2)]));
  if (exchanges.length === 0) throw new WrongUse(`${file}: nothing is recorded in it`);
  return exchanges;
}

function exchangeOf(line: string, file: string, number: number): RecordedExchange {
  const refuse = (what: string): never => {
    throw new WrongUse(`${file}, line ${number}: ${what}`);
  };
  let entry: Partial<RecordedExchange> | null;
  try {
    entry = JSON.parse(line) as Partial<RecordedExchange> | null;
  } catch {
    return refuse("no JSON");
  }
  const { atMs, request, response, tookMs } = entry ?? {};
  const asked = bytesOf(request);
  if (typeof atMs !== "number" || typeof tookMs !== "number") return refuse("atMs and tookMs: expected numbers");
  if (asked === null || asked.length !== 8 || asked.readUInt16LE(6) !== crc16(asked.subarray(0, 6))) {
    return refuse("request: expected 8 bytes in hex with their checksum");
  }
  if (response !== null && bytesOf(response) === null) return refuse("response: expected bytes in hex, or null");
  return { atMs, request: asked.toString("hex"), response: response ?? null, tookMs };
}
