import type { SettingsCurrent } from "../../shared/contracts/settings.ts";
import { PHASES } from "../../shared/contracts/units.ts";
import { CAP_MODE, FLANDERS_FLOOR_W, intervalsIn } from "../../shared/settings/capacity.ts";
import { numberIn } from "../../shared/settings/read.ts";
import type { ChargePoint, Supply } from "../../shared/site/site-file.ts";
import type { BalancerSettings, ScheduleSettings } from "./balancer.config.ts";
import type { PointWiring } from "./point.core.ts";

/** The most that MAINS and CIRCUIT can say, A; beyond it the site file says what they mean. */
const MOST_MAINS_A = 200;
const MOST_CIRCUIT_A = 160;
/** PWR SHARE as stored: 1 = Master. */
const MASTER = 1;
const NORMAL = 0;
/** SWITCH as stored. */
const GRID_RELAY = 5;

/** The limits in force, from the settings and from what the site file fixes. */
export function balancerSettingsOf(
  current: SettingsCurrent,
  site: {
    readonly chargePoints: readonly ChargePoint[];
    readonly mainsMeterFixed: boolean;
    readonly circuitMeterFixed: boolean;
    readonly supply?: Supply;
  },
): BalancerSettings {
  const [only, ...more] = site.chargePoints;
  const dedicated = site.circuitMeterFixed || numberIn(current, "circuit_meter_type") !== 0;
  const evMeterIsCircuit =
    !dedicated && only !== undefined && more.length === 0 && numberIn(current, "ev_meter", only.id) !== 0;
  const circuitMeter = dedicated || evMeterIsCircuit;
  const mainsMeter = site.mainsMeterFixed || numberIn(current, "mains_meter") !== 0;
  return {
    mainsA: beyond(numberIn(current, "current_main"), MOST_MAINS_A, site.supply?.mainsA),
    circuitA: least(
      circuitApplies(current, site)
        ? beyond(numberIn(current, "current_max_circuit"), MOST_CIRCUIT_A, site.supply?.circuitA)
        : null,
      circuitMeter ? orOff(numberIn(current, "max_circuit_mains")) : null,
    ),
    capacityA: orOff(numberIn(current, "current_max_sum_mains")),
    intervalFloorW: intervalFloorOf(current),
    peakFloorW: peakFloorOf(current),
    gridRelayAt: site.chargePoints.map(({ id }) => id).filter(id => numberIn(current, "switch", id) === GRID_RELAY),
    circuitMeter,
    evMeterIsCircuit,
    capStopMs: numberIn(current, "max_sum_mains_time") * 60_000,
    minA: numberIn(current, "current_min"),
    mainsMeter,
    schedule: scheduleOf(current),
  };
}

/**
 * CIRCUIT holds for several points in every mode; for a single one only where something measures the circuit and the mode
 * regulates (seed 001: visible as Master, or in Smart/Solar with an EV METER). A hidden setting must not limit anybody.
 */
function circuitApplies(
  current: SettingsCurrent,
  site: { readonly chargePoints: readonly ChargePoint[]; readonly circuitMeterFixed: boolean },
): boolean {
  if (site.chargePoints.length > 1 || numberIn(current, "loadbl") === MASTER) return true;
  const [only] = site.chargePoints;
  if (only === undefined || numberIn(current, "mode", only.id) === NORMAL) return false;
  return (
    site.circuitMeterFixed ||
    numberIn(current, "circuit_meter_type") !== 0 ||
    numberIn(current, "ev_meter", only.id) !== 0
  );
}

function intervalFloorOf(current: SettingsCurrent): number | null {
  if (numberIn(current, "capacity_mode") !== CAP_MODE.interval) return null;
  const powersW = intervalsIn(current).map(({ power }) => power);
  return powersW.length === 0 ? null : Math.min(...powersW);
}

function peakFloorOf(current: SettingsCurrent): number | null {
  const limitsW = [
    ...(numberIn(current, "capacity_limit") === 0 ? [] : [numberIn(current, "capacity_limit")]),
    ...(numberIn(current, "capacity_mode") === CAP_MODE.flanders ? [FLANDERS_FLOOR_W] : []),
  ];
  return limitsW.length === 0 ? null : Math.min(...limitsW);
}

/** A setting at its end means what the site file says; anything less means itself, so that it can still be lowered. */
function beyond(valueA: number, mostA: number, supplyA: number | undefined): number {
  return valueA >= mostA && supplyA !== undefined ? supplyA : valueA;
}

function least(...limitsA: readonly (number | null)[]): number | null {
  const set = limitsA.filter(limitA => limitA !== null);
  return set.length === 0 ? null : Math.min(...set);
}

/** 0 stands for a limit that is off. */
function orOff(value: number): number | null {
  return value === 0 ? null : value;
}

const PRIORITIES: readonly ScheduleSettings["priority"][] = ["address", "first-connected", "last-connected"];

function scheduleOf(current: SettingsCurrent): ScheduleSettings {
  const rotationMin = numberIn(current, "rotation_interval");
  return {
    priority: PRIORITIES[numberIn(current, "prio_strategy")] ?? "address",
    rotationMs: rotationMin === 0 ? null : rotationMin * 60_000,
    idleMs: numberIn(current, "idle_timeout") * 1_000,
  };
}

/** A charge point of the site file as the balancer sees it. */
export function wiringOf(point: ChargePoint): PointWiring {
  const [first, second, third] = point.phaseRotation.map(phase => PHASES.indexOf(phase));
  return {
    id: point.id,
    rotation: [first ?? 0, second ?? 1, third ?? 2],
    supplyPhases: point.phases,
    safeCurrentA: point.safeCurrentA,
    minimumA: point.minimumA,
    part: point.part,
  };
}
