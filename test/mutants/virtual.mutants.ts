import type { Mutant } from "./mutant.ts";

const of =
  (file: string) =>
  (fault: string, from: string, to: string): Mutant => ({ fault, file: `services/simulator/board/${file}`, from, to });
const mcu = of("mcu.ts");
const commands = of("commands.ts");
const sampler = of("sampler.ts");
const watchdog = of("watchdog.ts");
const rcm = of("rcm.ts");
const lock = of("lock.ts");
const contactor = of("contactor.ts");
const memory = of("memory.ts");
const config = of("config-store.ts");
const parser = of("firmata-parser.ts");
const pins = of("pins.ts");
const board = of("virtual-board.ts");
const electrics = of("electrics.ts");
const weld = of("weld-watch.ts");

/** Faults in the virtual board that the same suite must find. */
export const VIRTUAL_MUTANTS: readonly Mutant[] = [
  mcu("closes in state B", '(state === "C" ||', '(state === "C" || state === "B" ||'),
  mcu("closes between samples that are not C", "      this.#sampler.asksForCurrent &&\n", ""),
  mcu("closes on steady +12 V", "this.#dutyPermille <= DUTY.most &&\n      (this", "(this"),
  mcu("closes with a blocking flag", "(this.commandFlags & BLOCKING_FLAGS) === 0", "true"),
  mcu("an own opening is not remembered", "if (why !== OPENED_BY.host) this.#localOpen = true;", ""),
  mcu("a trip is cleared while the line is bad", "if (this.#wiring.rcm.lineBad) allowed &= ~FLAG.rcmTrip;", ""),
  mcu("a trip is cleared without heartbeats", "if (this.#watchdog.leftMs === 0) allowed &= ~FLAG.wdTrip;", ""),
  mcu("a residual current opens nothing", "this.open(OPENED_BY.rcm);", ""),
  mcu(
    "the offer stays after a trip",
    "    this.drivePilot(DUTY.positive);\n    this.telemetry.event(EVENT.watchdogTrip",
    "    this.telemetry.event(EVENT.watchdogTrip",
  ),
  mcu(
    "the safe current exceeds the grant",
    "Math.min(this.#dutyPermille, dutyPermilleOf(currentDeciA))",
    "dutyPermilleOf(currentDeciA)",
  ),
  mcu("the safe current survives an opening", "if (this.#endSafe()) this.#trip();", ""),
  mcu("PWM is taken while the safe current holds", "!this.#safe.pending && ", ""),
  mcu("a bridged diode opens nothing", "if (missing) this.open(OPENED_BY.diode);", ""),
  commands(
    "PWM without a heartbeat",
    "  if (!isSteady(dutyPermille) && !mcu.mayOscillate) return { result: RESULT.refused, arg: mcu.commandFlags };\n  mcu.drivePilot(dutyPermille);\n  return { result: RESULT.ok, arg: dutyPermille };",
    "  mcu.drivePilot(dutyPermille);\n  return { result: RESULT.ok, arg: dutyPermille };",
  ),
  commands("what is stored changes with a car connected", 'mcu.state === "A" && ', ""),
  commands(
    "a kept value holds only after a reset",
    "  configure(id, memory.config.inForce[name] ?? CONFIG[name].initial, mcu);\n",
    "",
  ),
  commands("any setting may be kept", "!isKeptName(name) || ", ""),
  config("a kept value is gone after a reset", "all[name] ?? initial", "initial"),
  config("any value is in range", "(value >= min && value <= max) ||", "value >= min || value <= max ||"),
  commands("unlocks under load", "if (drive === 2 && mcu.mask !== 0)", "if (drive > 2)"),
  commands("a self test under load", "mcu.mask !== 0 || tripped", "tripped"),
  commands("a setpoint drops no contactor", "mcu.close(mcu.mask & mask);", "mcu.close(mcu.mask);"),
  commands("a repeated setpoint stretches the time at +12 V", "else if ((mcu.mask & ~mask) !== 0)", "else"),
  sampler(
    "samples that are not C count anew",
    "this.#charging() ? 0 : this.#notCharging + highs",
    "this.#charging() ? 0 : this.#run.samples",
  ),
  sampler("debounce twice as long", "this.#config.debounceMs / SAMPLE_EVERY_MS", "this.#config.debounceMs"),
  sampler("state D is always allowed", '(this.#raw === "D" && this.#config.allowD)', 'this.#raw === "D"'),
  sampler("no hysteresis", "const HYSTERESIS_V = 0.2;", "const HYSTERESIS_V = 0;"),
  sampler(
    "the diode is judged upside down",
    "return volts > this.#config.diodeV;",
    "return volts <= this.#config.diodeV;",
  ),
  watchdog(
    "a longer time revives a grant that ran out",
    "return this.#lastBeatAt === null || this.#expired",
    "return this.#lastBeatAt === null",
  ),
  watchdog("the heartbeat's time stretches a setpoint's", "if (this.#ownLimit) return;", ""),
  rcm(
    "a failed self test passes",
    "      this.#events.tested(pulseMs | RCM_TEST_FAILED);\n      this.#events.testFailed();",
    "      this.#events.tested(pulseMs | RCM_TEST_FAILED);",
  ),
  rcm(
    "a line that stays bad after a test passes",
    'this.#phase = "quiet";\n      this.#events.testFailed();\n    });\n  }\n}',
    'this.#phase = "quiet";\n    });\n  }\n}',
  ),
  lock("the drive does not rest", "const PAUSE_MS = 500;", "const PAUSE_MS = 0;"),
  contactor("poles take no time to open", "const OPEN_MS = 12;", "const OPEN_MS = 120;"),
  memory("a damaged record counts", 'damaged ? "damaged" : content', "content"),
  memory("worn cells pass", "if (!this.#worn) this.#cells", "this.#cells"),
  memory("one kept value displaces the others", "[...others, [name, value]]", "[[name, value]]"),
  parser("an endless sysex is believed", "this.#tooLong = true;", "this.#tooLong = false;"),
  pins("reserved pins can be driven", "if (found?.mode !== OUTPUT) return;", "if (found === undefined) return;"),
  board("a hang lasts", "const HANG_MS = 64;", "const HANG_MS = 640;"),
  board("a system reset leaves the board as it is", "      this.#mcu.systemReset();\n", ""),
  electrics("no diode drop", "const DIODE_V = 0.7;", "const DIODE_V = 0;"),
  weld("welding is told late", "const WELD_AFTER_MS = 100;", "const WELD_AFTER_MS = 1000;"),
];
