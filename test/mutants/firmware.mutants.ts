import type { Mutant } from "./mutant.ts";

const of =
  (file: string) =>
  (fault: string, from: string, to: string): Mutant => ({ fault, file: `src/${file}`, from, to });
const contactor = of("contactor.c");
const reading = of("reading.c");
const rcm = of("rcm.c");
const grant = of("grant.c");
const memory = of("memory.c");
const memoryMap = of("memory.h");
const safe = of("safe.c");
const config = of("config.c");
const evse = of("evse.c");
const pilot = of("pilot.c");
const sampling = of("sampling.c");
const main = of("main.c");
const lock = of("lock.c");
const firmata = of("firmata.c");
const pins = of("pins.c");
const telemetry = of("telemetry.c");

/** Faults in the firmware that the suite must find. */
export const FIRMWARE_MUTANTS: readonly Mutant[] = [
  contactor("an own opening is not remembered", "flags |= FLAG_LOCAL_OPEN;", ";"),
  contactor("closes on a steady pilot", "duty_oscillates(pilot_duty()) && ", ""),
  contactor("closes with a blocking flag", "(flags & FLAGS_BLOCKING) == 0 && ", ""),
  contactor("closes in state B", "state == CP_C ||", "state == CP_C || state == CP_B ||"),
  reading("state D is always allowed", "allow_d = config_get(CONFIG_ALLOW_D) == 1;", "allow_d = true;"),
  contactor("closes between samples that are not C", "pilot_trusted() && ", ""),
  contactor("the time at +12 V never ends", "contactor_open(OPENED_BY_STEADY);", ";"),
  contactor("a driven contact counts as welded", "(mask & BIT_K1) != 0", "false"),
  contactor("welding is not latched", "flags |= FLAG_WELD;", ""),
  reading("the fast way out is missing", "if (not_charging >= needed) contactor_open(OPENED_BY_CP);", ""),
  reading(
    "other samples in a row are counted anew",
    "if (not_charging < UINT8_MAX) not_charging++;",
    "not_charging = run;",
  ),
  reading(
    "debounce twice as long",
    "config_get(CONFIG_DEBOUNCE_MS) / SAMPLE_EVERY_MS",
    "config_get(CONFIG_DEBOUNCE_MS)",
  ),
  reading("a bridged diode opens nothing", "contactor_open(OPENED_BY_DIODE);", ""),
  reading("the diode is judged upside down", "judge_diode(count >= diode_above);", "judge_diode(count < diode_above);"),
  reading("no hysteresis", "#define HYSTERESIS 20", "#define HYSTERESIS 0"),
  reading("a pilot that is not read is no reason", "  run = 0;\n  contactor_open(OPENED_BY_CP);", "  run = 0;"),
  rcm("the edge is not heard", "EIMSK = _BV(INT0);", "EIMSK = 0;"),
  rcm("a trip is not latched", "flags |= FLAG_RCM_TRIP;", ""),
  rcm("a residual current opens nothing", "contactor_open(OPENED_BY_RCM);", ";"),
  rcm("a failed self test passes", "flags |= FLAG_RCM_TESTBAD;", ""),
  rcm(
    "a line that stays bad after a test passes",
    "if (phase == RECOVER && passed_ms >= RECOVER_MS) test_failed();",
    "",
  ),
  grant("silence is not noticed", "if (left_ms > 0 && --left_ms == 0) silence();", ""),
  grant("a grant is cut short", "left_ms = ms + 1;", "left_ms = ms - 1;"),
  grant("the offer stays after a trip", "  pilot_drive(DUTY_POSITIVE);\n", ""),
  grant("a trip is not latched", "flags |= FLAG_WD_TRIP;", ""),
  grant("the safe current exceeds the grant", "safe_duty < duty ? safe_duty : duty", "safe_duty"),
  grant("the safe current never ends", "&& --safe_left_ms == 0", "&& false"),
  grant("PWM is taken while the safe current holds", "(FLAG_WD_TRIP | FLAG_SAFE_CURRENT)) == 0", "FLAG_WD_TRIP) == 0"),
  grant(
    "the safe current survives an opening",
    "if (flags & FLAG_SAFE_CURRENT) {\n    end_safe();\n    trip();",
    "if (false) {",
  ),
  memory("a wrong checksum counts", "layout == LAYOUT && found == crc ?", "layout == LAYOUT ?"),
  memoryMap("two records share their cells", "#define MEMORY_CONFIG 16", "#define MEMORY_CONFIG 4"),
  safe("what was written is not compared", "return stored == STORED_VALID &&", "return stored != 9 || "),
  evse("what is stored changes with a car connected", "pilot_state() == CP_A && ", ""),
  config(
    "a kept value is gone after a reset",
    "store(id, config_initial(id));",
    "store(id, pgm_read_word(&ranges[id - 1].initial));",
  ),
  config("a kept value holds only after a reset", "  config_set(id, config_initial(id));\n", ""),
  config(
    "a damaged record of kept values counts",
    "if (stored == STORED_VALID) return;",
    "if (stored != STORED_BLANK) return;",
  ),
  config(
    "a value that was not kept is told as kept",
    "return stored == STORED_VALID && *cell == value;",
    "return true;",
  ),
  config("any setting may be kept", "return id >= CONFIG_KEPT_FIRST && ", "return "),
  config("a threshold beyond the standard's gap", "THRESHOLD(700, 800, 750)", "THRESHOLD(600, 900, 750)"),
  evse("a trip is cleared while the line is bad", "if (rcm_line_bad()) allowed &= (uint16_t)~FLAG_RCM_TRIP;", ""),
  evse("a trip is cleared without heartbeats", "if (silent) allowed &= (uint16_t)~FLAG_WD_TRIP;", "(void)silent;"),
  evse("unlocks under load", "direction == LOCK_UNLOCK && contactor_mask() != 0", "false"),
  evse("checksums are not checked", "length < 2 || crc != bytes[length - 1]", "length < 2"),
  evse("a setpoint drops no contactor", "contactor_keep_only(mask);", ""),
  evse(
    "a self test under load",
    "contactor_mask() != 0 || (flags_of_board() & blocking) != 0",
    "(flags_of_board() & blocking) != 0",
  ),
  evse(
    "PWM without a heartbeat",
    "  if (duty_oscillates(duty) && !grant_allows_pwm()) return refused();\n  pilot_drive(duty);\n  return",
    "  pilot_drive(duty);\n  return",
  ),
  pilot("2 % more than asked", "OCR1A = 2 * duty - 1;", "OCR1A = 2 * duty + 39;"),
  pilot("-12 V is +12 V", "PORTB &= (uint8_t)~_BV(PILOT);", "PORTB |= _BV(PILOT);"),
  sampling("samples are labelled by half the duty", "const uint16_t edge = 2 * duty;", "const uint16_t edge = duty;"),
  pilot("samples come late", "#define SAMPLE_DELAY_TICKS 36", "#define SAMPLE_DELAY_TICKS 0"),
  main("no hardware watchdog", "wdt_enable(WDTO_60MS);", ""),
  main("a slow hardware watchdog", "WDTO_60MS", "WDTO_250MS"),
  main("the hardware watchdog is fed without the 1 ms base", "  if (now == fed_ms) return;\n", ""),
  pilot("the period is 1 us too long", "ICR1 = TICKS_PER_PERIOD - 1;", "ICR1 = TICKS_PER_PERIOD + 1;"),
  main("a hang is not told", "flags = FLAG_HW_WDT;", ";"),
  lock("the drive does not rest", "rest_ms = REST_MS;", ""),
  lock(
    "pulses are longer than asked",
    "direction != LOCK_STOP && --left_ms == 0",
    "direction != LOCK_STOP && left_ms-- == 0",
  ),
  lock("the drive stays on", "if (direction != LOCK_STOP && --left_ms == 0) lock_stop();", ""),
  firmata("a system reset leaves the board as it is", "evse_system_reset();", ""),
  firmata("an endless sysex is believed", "too_long = true;", ""),
  pins(
    "a free pin's write undoes an opening",
    "  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {\n    if (on) {",
    "  {\n    if (on) {",
  ),
  pins(
    "reserved pins can be driven",
    "if (pin >= PIN_COUNT || modes[pin] != MODE_OUTPUT) return;",
    "if (pin >= PIN_COUNT) return;",
  ),
  firmata("an overflow of Firmata's is not told", "flags |= FLAG_OVERRUN;", ""),
  telemetry("an overflow is not told", "flags |= FLAG_OVERRUN;", ""),
  telemetry("the checksum has another polynomial", "crc ^= 0x09;", "crc ^= 0x0B;"),
];
