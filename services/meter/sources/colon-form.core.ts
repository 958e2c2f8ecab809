import type { MeterRole } from "../../../shared/contracts/meter.ts";
import { nothingObserved, type Observation } from "./observation.core.ts";

export type ColonForm =
  | { readonly ok: true; readonly observation: Observation }
  | { readonly ok: false; readonly reason: string };

/** What is believed of a fed current, in A: the mains may export, a car does not. */
const GRID_BELOW_A = 200;
const CAR_BELOW_A = 100;
const UNKNOWN = -1;

/**
 * `L1:L2:L3` in 0.1 A, or `L1:L2:L3:P:E` with W and Wh, as SmartEVSE takes it on `Set/MainsMeter`, `Set/EVMeter` and
 * `Set/CircuitMeter`. Of a car's meter -1 is "not known".
 */
export function readColonForm(text: string, role: MeterRole): ColonForm {
  const refuse = (reason: string): ColonForm => ({ ok: false, reason });
  const fields = text.trim().split(":");
  if (fields.length !== 3 && fields.length !== 5) {
    return refuse(`"${clipped(text)}": ${fields.length} numbers; expected L1:L2:L3 or L1:L2:L3:P:E`);
  }
  const numbers = fields.map(field => (/^\s*[+-]?\d{1,10}(\.\d{1,9})?\s*$/.test(field) ? Number(field) : NaN));
  if (numbers.some(Number.isNaN)) return refuse(`"${clipped(text)}": expected numbers with colons between`);
  const [l1 = 0, l2 = 0, l3 = 0, powerW = null, energyWh = null] = numbers;
  const ofCar = role === "ev";
  if (ofCar && [l1, l2, l3].every(value => value === UNKNOWN)) return refuse("the currents are not known (-1)");
  for (const [index, value] of [l1, l2, l3].entries()) {
    const amps = value / 10;
    const believable = ofCar ? amps >= 0 && amps < CAR_BELOW_A : Math.abs(amps) < GRID_BELOW_A;
    if (!believable) {
      const range = ofCar ? `0 to below ${CAR_BELOW_A}` : `more than -${GRID_BELOW_A} and below ${GRID_BELOW_A}`;
      return refuse(`current L${index + 1} of ${amps} A; expected ${range} A`);
    }
  }
  return {
    ok: true,
    observation: {
      ...nothingObserved,
      currentA: [l1 / 10, l2 / 10, l3 / 10],
      totalPowerW: ofCar && powerW === UNKNOWN ? null : powerW,
      importWh: energyWh !== null && energyWh < 0 ? null : energyWh,
    },
  };
}

function clipped(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}...`;
}
