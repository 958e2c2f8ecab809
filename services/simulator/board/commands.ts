import {
  CONFIG,
  DUTY,
  FLAG,
  KEEP_NONE,
  KEPT_NAMES,
  type KeptName,
  OPENED_BY,
  OUTPUT,
  RESULT,
  SAFE,
  SETPOINT_TTL,
} from "../../../shared/evse-sysex/codes.ts";
import type { HostCommand } from "../../../shared/evse-sysex/command.ts";
import { configNameOf, isInRange } from "./config-store.ts";
import type { Mcu } from "./mcu.ts";
import { isKeptName } from "./memory.ts";
import type { Wiring } from "./wiring.ts";

/** How a command is answered; null = not at all. */
export interface Answer {
  readonly result: number;
  readonly arg: number;
}

const RCM_TEST_MIN_MS = 10;
const RCM_TEST_MAX_MS = 500;

/** Carries out one command as the firmware does: range first, then interlocks, then the deed. */
export function execute(command: HostCommand, mcu: Mcu, wiring: Wiring): Answer | null {
  switch (command.kind) {
    case "config":
      return configure(command.id, command.value, mcu);
    case "pwm":
      return drivePilot(command.dutyPermille, mcu);
    case "contactor":
      return switchContactors(command.mask, mcu);
    case "heartbeat":
      mcu.permitted(command.sequence, null);
      return null;
    case "lock":
      return driveLock(command.drive, command.pulseMs, mcu, wiring);
    case "rcmTest":
      return testRcm(command.pulseMs, mcu, wiring);
    case "clear":
      return { result: RESULT.ok, arg: mcu.clear(command.flags) };
    case "setpoint":
      return grant(command, mcu);
    case "setSafe":
      return setSafe(command.currentDeciA, command.graceS, mcu, wiring);
    case "safe":
      mcu.telemetry.tell({ kind: "safe", ...wiring.memory.safe.inForce, stored: wiring.memory.safe.stored });
      return null;
    case "keep":
      return keep(command.id, command.value, mcu, wiring);
    case "kept":
      mcu.telemetry.tell({ kind: "kept", values: keptValues(wiring), stored: wiring.memory.config.stored });
      return null;
    case "status":
      mcu.telemetry.status();
      return null;
    case "info":
      mcu.telemetry.info();
      return null;
  }
}

function configure(id: number, value: number, mcu: Mcu): Answer {
  const name = mcu.config.set(id, value);
  if (name === null) return { result: RESULT.value, arg: value };
  mcu.configured(name);
  return { result: RESULT.ok, arg: value };
}

/** Steady, or within what a board drives. */
function canDrive(dutyPermille: number): boolean {
  return isSteady(dutyPermille) || (dutyPermille >= DUTY.least && dutyPermille <= DUTY.most);
}

function isSteady(dutyPermille: number): boolean {
  return dutyPermille === DUTY.negative || dutyPermille === DUTY.positive;
}

function drivePilot(dutyPermille: number, mcu: Mcu): Answer {
  if (!canDrive(dutyPermille)) return { result: RESULT.value, arg: dutyPermille };
  if (!isSteady(dutyPermille) && !mcu.mayOscillate) return { result: RESULT.refused, arg: mcu.commandFlags };
  mcu.drivePilot(dutyPermille);
  return { result: RESULT.ok, arg: dutyPermille };
}

function switchContactors(mask: number, mcu: Mcu): Answer {
  if (mask > (OUTPUT.k1 | OUTPUT.k2)) return { result: RESULT.value, arg: mask };
  if (mask === 0) {
    mcu.open(OPENED_BY.host);
    mcu.forgetLocalOpen();
    return { result: RESULT.ok, arg: 0 };
  }
  if (!mcu.mayClose) return { result: RESULT.refused, arg: mcu.commandFlags };
  mcu.close(mask);
  return { result: RESULT.ok, arg: mask };
}

/** Heartbeat, pilot and contactors in one: opening first, closing last. */
function grant(command: Extract<HostCommand, { kind: "setpoint" }>, mcu: Mcu): Answer {
  const { dutyPermille, mask, ttlMs, sequence } = command;
  if (!canDrive(dutyPermille)) return { result: RESULT.value, arg: dutyPermille };
  if (mask > (OUTPUT.k1 | OUTPUT.k2)) return { result: RESULT.value, arg: mask };
  if (ttlMs < SETPOINT_TTL.min || ttlMs > SETPOINT_TTL.max) return { result: RESULT.value, arg: ttlMs };
  mcu.permitted(sequence, ttlMs);
  if (mask === 0) {
    mcu.open(OPENED_BY.host);
    mcu.forgetLocalOpen();
  } else if ((mcu.mask & ~mask) !== 0) mcu.close(mcu.mask & mask);
  if (!isSteady(dutyPermille) && !mcu.mayOscillate) return { result: RESULT.refused, arg: mcu.commandFlags };
  mcu.drivePilot(dutyPermille);
  if (mask !== mcu.mask && mcu.mayClose) mcu.close(mask);
  return { result: RESULT.ok, arg: mcu.mask };
}

/** What is stored is the installer's: nothing of it changes while a car is connected. */
function mayStore(mcu: Mcu): boolean {
  return mcu.state === "A" && mcu.mask === 0;
}

function setSafe(currentDeciA: number, graceS: number, mcu: Mcu, { memory }: Wiring): Answer {
  const none = currentDeciA === 0;
  if (!none && (currentDeciA < SAFE.leastDeciA || currentDeciA > SAFE.mostDeciA)) {
    return { result: RESULT.value, arg: currentDeciA };
  }
  if (graceS > SAFE.mostGraceS || (graceS === 0) !== none) return { result: RESULT.value, arg: graceS };
  if (!mayStore(mcu)) return { result: RESULT.refused, arg: mcu.commandFlags };
  return { result: memory.safe.write({ currentDeciA, graceS }) ? RESULT.ok : RESULT.store, arg: currentDeciA };
}

/** What belongs to the lock and the front end that are fitted outlives resets. */
function keep(id: number, value: number, mcu: Mcu, { memory }: Wiring): Answer {
  const name = configNameOf(id);
  const forget = value === KEEP_NONE;
  if (name === null || !isKeptName(name) || !(forget || isInRange(name, value))) {
    return { result: RESULT.value, arg: value };
  }
  if (!mayStore(mcu)) return { result: RESULT.refused, arg: mcu.commandFlags };
  const kept = memory.keep(name, forget ? null : value);
  configure(id, memory.config.inForce[name] ?? CONFIG[name].initial, mcu);
  return { result: kept ? RESULT.ok : RESULT.store, arg: value };
}

function keptValues({ memory }: Wiring): Readonly<Record<KeptName, number>> {
  const kept = memory.config.inForce;
  const values = KEPT_NAMES.map(name => [name, kept[name] ?? CONFIG[name].initial] as const);
  return Object.fromEntries(values) as Record<KeptName, number>;
}

function driveLock(drive: number, pulseMs: number, mcu: Mcu, { lock }: Wiring): Answer {
  if (drive === 0) {
    lock.stop();
    return { result: RESULT.ok, arg: 0 };
  }
  const inRange = (drive === 1 || drive === 2) && pulseMs >= 1 && pulseMs <= mcu.config.get("lockMaxMs");
  if (!inRange) return { result: RESULT.value, arg: pulseMs };
  if (drive === 2 && mcu.mask !== 0) return { result: RESULT.refused, arg: mcu.commandFlags };
  if (lock.busy) return { result: RESULT.busy, arg: pulseMs };
  lock.start(drive, pulseMs);
  return { result: RESULT.ok, arg: pulseMs };
}

function testRcm(pulseMs: number, mcu: Mcu, { rcm }: Wiring): Answer {
  if (pulseMs < RCM_TEST_MIN_MS || pulseMs > RCM_TEST_MAX_MS) return { result: RESULT.value, arg: pulseMs };
  const tripped = (mcu.commandFlags & (FLAG.rcmTrip | FLAG.rcmLine | FLAG.rcmTesting)) !== 0;
  if (mcu.mask !== 0 || tripped) return { result: RESULT.refused, arg: mcu.commandFlags };
  rcm.startTest(pulseMs);
  return { result: RESULT.ok, arg: pulseMs };
}
