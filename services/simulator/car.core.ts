/** A car at its connector: what it presents on the pilot, and how its current follows what the pilot offers. */

/** What a kind of car does. */
export interface CarModel {
  readonly phases: 1 | 3;
  /** Largest current of its charger on one phase, and on three. */
  readonly maxOnePhaseA: number;
  readonly maxThreePhaseA: number;
  /** Below this offer it draws nothing. */
  readonly minA: number;
  /** Share of the offer it really takes. */
  readonly gain: number;
  /** Time from a change of the pilot to the beginning of the ramp. */
  readonly reactS: number;
  readonly rampUpAPerS: number;
  readonly rampDownAPerS: number;
  /** From a closed contactor in state C to the first current. */
  readonly startDelayS: number;
  /** From a valid pilot to state C. */
  readonly wakeDelayS: number;
  /** How long it may go on after the pilot became invalid. */
  readonly stopDelayS: number;
  /** Full once this much was taken. */
  readonly energyKWh: number;
  /** The current falls over the last part of the charge; 0 = it does not. */
  readonly taperKWh: number;
}

/** What a car is given during one step. */
export interface CarSupply {
  readonly plugged: boolean;
  /** A signalled by the pilot; 0 = no PWM. */
  readonly offeredA: number;
  readonly contactorL1: boolean;
  readonly contactorL23: boolean;
  /** False = the pilot line is interrupted. */
  readonly pilotLine: boolean;
}

export interface CarState {
  readonly pilot: "A" | "B" | "C";
  /** Per phase. */
  readonly drawA: number;
  readonly phases: 0 | 1 | 3;
  readonly energyKWh: number;
  /** Offers on their way to the charger, oldest first. */
  readonly offersA: readonly number[];
  readonly validS: number;
  readonly invalidS: number;
  /** Time in state C with the contactor closed. */
  readonly closedS: number;
}

/** The least signal that counts as PWM: below 5 A there is none (IEC 61851-1 A.3.1 ends at 6 A; 5 A leaves room for tolerance). */
const VALID_OFFER_A = 5;
/** No less than this is left when a charge tapers off. */
const TAPER_END_A = 6;
/** An invalid pilot ends the current at least this fast. */
const CUT_OFF_A_PER_S = 100;
/** A draw below this is none: the car may leave state C. */
const NO_DRAW_A = 0.1;

export const VOLTAGE_V = 230;

/** A car that has not been plugged in yet. */
export function awayCar(model: CarModel, dtS: number): CarState {
  return unplugged(model, dtS, 0);
}

/** What the car has taken, in kWh, in one step of `dtS`. */
export function energyOf(drawA: number, phases: number, dtS: number): number {
  return (drawA * phases * 230.0 * dtS) / 3.6e6;
}

/** One step of `dtS` seconds. */
export function advanceCar(model: CarModel, car: CarState, supply: CarSupply, dtS: number): CarState {
  if (!supply.plugged) return car.pilot === "A" ? car : unplugged(model, dtS, car.energyKWh);

  const offeredA = supply.pilotLine ? supply.offeredA : 0;
  const offersA = [...car.offersA.slice(1), offeredA];
  const heardA = offersA[0] ?? 0;
  const valid = offeredA >= VALID_OFFER_A;
  const full = car.energyKWh >= model.energyKWh;
  const validS = valid ? car.validS + dtS : 0;
  const invalidS = valid ? 0 : car.invalidS + dtS;

  let pilot = car.pilot === "A" ? "B" : car.pilot;
  let closedS = car.closedS;
  if (pilot === "B") {
    if (valid && !full && validS >= model.wakeDelayS) {
      pilot = "C";
      closedS = 0;
    }
  } else if (leavesC(model, car, supply, { valid, full, invalidS })) {
    pilot = "B";
    closedS = 0;
  }

  const seen = { pilot, energyKWh: car.energyKWh, offersA, validS, invalidS };
  if (!supply.contactorL1) return { ...seen, drawA: 0, phases: 0, closedS: 0 };
  const phases = supply.contactorL23 && model.phases === 3 ? 3 : 1;

  let targetA = 0;
  if (pilot === "C" && !full && valid) {
    closedS += dtS;
    if (closedS >= model.startDelayS) targetA = wantedA(model, heardA, phases, car.energyKWh);
  }
  const drawA = car.drawA + ramped(model, targetA - car.drawA, valid, dtS);
  return { ...seen, closedS, drawA, phases, energyKWh: car.energyKWh + energyOf(drawA, phases, dtS) };
}

function leavesC(
  model: CarModel,
  car: CarState,
  supply: CarSupply,
  now: { readonly valid: boolean; readonly full: boolean; readonly invalidS: number },
): boolean {
  if (!supply.pilotLine) return true;
  if (!now.valid && (car.drawA < NO_DRAW_A || now.invalidS >= model.stopDelayS)) return true;
  return now.full && car.drawA < NO_DRAW_A;
}

function wantedA(model: CarModel, heardA: number, phases: 1 | 3, energyKWh: number): number {
  if (heardA < model.minA) return 0;
  const maxA = phases === 3 ? model.maxThreePhaseA : model.maxOnePhaseA;
  const targetA = Math.min(heardA * model.gain, maxA);
  const remainingKWh = model.energyKWh - energyKWh;
  if (model.taperKWh <= 0 || remainingKWh >= model.taperKWh) return targetA;
  return Math.min(targetA, Math.max(TAPER_END_A, (maxA * remainingKWh) / model.taperKWh));
}

/** The part of a change that one step allows. */
function ramped(model: CarModel, changeA: number, valid: boolean, dtS: number): number {
  const upA = model.rampUpAPerS * dtS;
  const slowDownA = model.rampDownAPerS * dtS;
  const downA = valid ? slowDownA : Math.max(slowDownA, CUT_OFF_A_PER_S * dtS);
  if (changeA > upA) return upA;
  return changeA < -downA ? -downA : changeA;
}

function unplugged(model: CarModel, dtS: number, energyKWh: number): CarState {
  const delaySteps = Math.floor(model.reactS / dtS + 0.5);
  return {
    pilot: "A",
    drawA: 0,
    phases: 0,
    energyKWh,
    offersA: Array.from({ length: delaySteps + 1 }, () => 0),
    validS: 0,
    invalidS: 0,
    closedS: 0,
  };
}
