import { MeterReplyRefused } from "../../../shared/errors.ts";
import type { MeterProfile } from "../modbus/profiles.ts";
import type { Words } from "../modbus/registers.core.ts";
import {
  COMMON_MODEL,
  END_OF_CHAIN,
  isMeterModel,
  MAKER,
  METER_MODEL_REGISTERS,
  SUNSPEC_BASES,
  SUNSPEC_MARK,
  sunspecProfile,
  textIn,
} from "../modbus/sunspec.core.ts";

/** Reads holding registers of the device; rejects with `MeterReplyRefused` where it answers with an exception. */
export type ReadHolding = (start: number, quantity: number) => Promise<Words>;

/** No device has more models; a chain that goes on is a map read wrongly. */
const MOST_MODELS = 60;

/** Walks the models of a SunSpec device to its first meter. Rejects with `MeterReplyRefused` when there is none. */
export async function findSunspecMeter(read: ReadHolding): Promise<MeterProfile> {
  const base = await findBase(read);
  const seen: number[] = [];
  let maker = "";
  let at = base + SUNSPEC_MARK.length;
  while (seen.length < MOST_MODELS) {
    const [id = END_OF_CHAIN, length = 0] = await words(read, at, 2);
    if (id === END_OF_CHAIN) break;
    seen.push(id);
    // The first common model is the device's own; behind it stand those of what is connected to it.
    if (id === COMMON_MODEL && maker === "") maker = textIn(await words(read, at + MAKER.offset, MAKER.registers));
    if (isMeterModel(id)) {
      const model = await read(at, Math.min(METER_MODEL_REGISTERS, length + 2));
      const profile = sunspecProfile(id, at, model, maker);
      if (profile !== null) return profile;
    }
    at += length + 2;
    if (at > 0xffff) break;
  }
  const found = seen.length === 0 ? "no model" : `models ${seen.join(", ")}`;
  throw new MeterReplyRefused(`SunSpec map at ${base} holds no meter with currents (201..204, 211..214): ${found}`);
}

async function findBase(read: ReadHolding): Promise<number> {
  for (const base of SUNSPEC_BASES) {
    try {
      const mark = await words(read, base, SUNSPEC_MARK.length);
      if (mark[0] === SUNSPEC_MARK[0] && mark[1] === SUNSPEC_MARK[1]) return base;
    } catch (error) {
      // A device without these registers says so; anything else is a line that does not work.
      if (!(error instanceof MeterReplyRefused)) throw error;
    }
  }
  throw new MeterReplyRefused(`no SunSpec map: "SunS" stands neither at ${SUNSPEC_BASES.join(" nor at ")}`);
}

async function words(read: ReadHolding, start: number, quantity: number): Promise<readonly number[]> {
  const found = await read(start, quantity);
  return Array.from({ length: quantity }, (_, index) => found.get(start + index) ?? 0);
}
