import type { EvseState } from "../../shared/contracts/evse.ts";
import type { EvseFault } from "../../shared/contracts/fault.ts";
import type { ScheduleTurn } from "../../shared/contracts/schedule.ts";
import type { SolarOutlook } from "../../shared/contracts/solar.ts";
import { type AccessStatus, type BoundBy, type BoundByKind, partsOf } from "../../shared/contracts/units.ts";

/** What the sentence is made of. */
export interface ReasonFacts {
  readonly state: EvseState;
  readonly access: AccessStatus | null;
  /** Why access is off, if it is. */
  readonly whyOff: string;
  readonly carConnected: boolean;
  readonly asksPower: boolean;
  readonly offerA: number;
  readonly limitA: number;
  readonly boundBy: BoundBy;
  readonly faults: readonly EvseFault[];
  readonly retryS: number;
  readonly chargeDelayS: number;
  /** Its place among the others; null = not told. */
  readonly turn: ScheduleTurn | null;
  /** The change of phases that is being carried out. */
  readonly switching: { readonly from: 1 | 3; readonly to: 1 | 3 } | null;
  readonly solar: SolarOutlook | null;
}

const LIMITS: Readonly<Record<BoundByKind, string>> = {
  "mains.l1": "mains L1",
  "mains.l2": "mains L2",
  "mains.l3": "mains L3",
  "circuit.l1": "the circuit on L1",
  "circuit.l2": "the circuit on L2",
  "circuit.l3": "the circuit on L3",
  capacity: "CAPACITY",
  peak: "the quarter-hour peak",
  "grid-relay": "the grid operator's relay",
  limit: "a limit from outside",
  max: "MAX",
  cable: "the cable",
  override: "the override",
  settling: "a raise that is on its way",
  "no-current": "too little current",
  "retry-wait": "the retry time",
  "mains-silent": "a silent mains meter",
  "circuit-silent": "a silent circuit meter",
  "limits-unheard": "limits from outside that have not been heard",
  "ev-meter-silent": "a silent EV meter",
  "mode-unavailable": "a mode that is not available",
  "no-mains-meter": "the missing mains meter",
  "balancer-silent": "a silent balancer",
  "safe-current": "the safe current while the balancer is silent",
  "settings-missing": "missing settings",
  "not-charging": "what the car uses",
  unreachable: "the lost connection",
  solar: "the sun",
  "solar-start": "its start by the sun",
  "solar-stop": "too little sun",
  "phase-switch": "a change of phases",
  turn: "the turn of others",
};

const FAULTS: Readonly<Record<EvseFault, string>> = {
  "no-current": "no current available",
  "mains-reading-lost": "the mains meter is silent",
  "ev-meter-lost": "the EV meter is silent",
  "circuit-reading-lost": "the circuit meter is silent",
  "board-lost": "the pilot board does not answer",
  "pilot-invalid": "the control pilot fits no state: check the cable",
  "ventilation-unsupported": "the car asks for ventilation, which is not supported",
  "diode-missing": "the car's pilot diode is missing",
  "proximity-open": "no plug or cable is recognised",
  "over-temperature": "the temperature is too high",
  "temperature-sensor": "the temperature sensor is broken",
  "rcm-trip": "residual current was detected; acknowledge to reset",
  "rcm-test-failed": "the residual current monitor failed its test",
  "contactor-weld": "the contactor does not open",
  "contactor-stuck-open": "the contactor does not close",
  "over-current": "the car draws more than twice what it is offered",
  "lock-failed": "the plug cannot be locked",
  "lock-jammed": "the plug lock does not open",
  "settings-missing": "the settings have not been heard yet",
  "solar-unavailable": "mode Solar has no controller: the solar service is silent",
};

/** The limit in words: "limited by mains L2". */
export function limitInWords(boundBy: BoundBy): string {
  const { kind, of } = partsOf(boundBy);
  if (of === null) return LIMITS[kind];
  return kind === "limit" ? `the limit of ${of}` : LIMITS[kind].replace("the circuit", `the circuit ${of}`);
}

/** Why this point does what it does, in one clause a person understands. */
export function reasonInWords(facts: ReasonFacts): string {
  // What the balancer withholds is said better by the limit than by the fault.
  const fault = facts.faults.find(code => code !== "no-current" && code !== "mains-reading-lost");
  if (fault !== undefined && !(fault === "diode-missing" && facts.offerA > 0 && !facts.asksPower)) return FAULTS[fault];
  if (facts.access === "off") return facts.whyOff;
  if (facts.access === "pause") return "paused";
  if (!facts.carConnected) return "no car";
  if (facts.state === "activate") return "waking the car";
  if (facts.switching !== null) return switchWords(facts.switching, facts.chargeDelayS);
  if (facts.offerA > 0) {
    if (facts.state === "C2") return chargingWords(facts);
    return facts.asksPower ? "room is being made for the car" : "the car does not ask for current";
  }
  if (facts.state === "C1") return `stopping: ${stopWords(facts)}`;
  if (facts.limitA === 0) return stopWords(facts);
  return facts.chargeDelayS > 0 ? `starting in ${facts.chargeDelayS} s` : "starting";
}

function chargingWords({ boundBy, solar }: ReasonFacts): string {
  if (solar === null) return `limited by ${limitInWords(boundBy)}`;
  const { haveA, needA, stopInS, switchTo, switchInS } = solar;
  const change =
    switchTo === null || switchInS === null ? "" : `, ${switchTo === 1 ? "3P -> 1P" : "1P -> 3P"} in ${switchInS} s`;
  if (stopInS !== null) return `too little sun (have ${haveA} A, needs ${needA} A), stopping in ${stopInS} s${change}`;
  return `limited by ${limitInWords(boundBy)}${boundBy === "solar" ? ` (${haveA} A)` : ""}${change}`;
}

/** The sequence as the display of old shows it: "3P -> 1P", and when charging goes on. */
function switchWords({ from, to }: { readonly from: 1 | 3; readonly to: 1 | 3 }, delayS: number): string {
  return `switching ${from}P -> ${to}P${delayS > 0 ? `, charging again in ${delayS} s` : ""}`;
}

function sunWords({ solar }: ReasonFacts): string {
  return solar === null
    ? "waiting for sun"
    : `waiting for sun (have ${solar.haveA} A, needs more than ${solar.needA} A)`;
}

function stopWords(facts: ReasonFacts): string {
  switch (partsOf(facts.boundBy).kind) {
    case "mains.l1":
    case "mains.l2":
    case "mains.l3":
    case "circuit.l1":
    case "circuit.l2":
    case "circuit.l3":
    case "capacity":
    case "peak":
    case "grid-relay":
    case "limit":
    case "no-current":
      return `no current left on ${limitInWords(facts.boundBy)}${facts.retryS > 0 ? `, retry ${facts.retryS} s after it is free` : ""}`;
    case "retry-wait":
      return `current is free again, starting in ${Math.max(facts.retryS, facts.chargeDelayS)} s`;
    case "settling":
      return "waiting for the first measurements";
    case "solar-start":
    case "solar-stop":
    case "solar":
      return sunWords(facts);
    case "limits-unheard":
      return "waiting for the limits from outside: the limits service has not been heard";
    case "not-charging":
      return facts.chargeDelayS > 0 ? `starting in ${facts.chargeDelayS} s` : "waiting for the balancer";
    case "turn":
      return turnWords(facts.turn);
    case "mains-silent":
    case "circuit-silent":
    case "ev-meter-silent":
    case "balancer-silent":
    case "max":
    case "cable":
    case "override":
    case "mode-unavailable":
    case "no-mains-meter":
    case "safe-current":
    case "settings-missing":
    case "unreachable":
    case "phase-switch":
      return `stopped by ${limitInWords(facts.boundBy)}`;
  }
}

/** "paused: turn of left and middle, next in 540 s". */
function turnWords(turn: ScheduleTurn | null): string {
  const others = turn?.turnOf ?? [];
  const whose = others.length === 0 ? "it is not its turn" : `turn of ${others.join(" and ")}`;
  const nextInMs = turn?.nextInMs ?? null;
  return `paused: ${whose}${nextInMs === null ? "" : `, next in ${Math.ceil(nextInMs / 1_000)} s`}`;
}
