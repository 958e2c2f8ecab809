import type { Exchange } from "../../services/meter/modbus/exchanges.core.ts";
import { explainSilence, findAnswer, readRequestOf } from "../../services/meter/modbus/frame.core.ts";
import { freshSource, judgeObservation } from "../../services/meter/sources/observation.core.ts";
import { readSensorbox, type SensorboxExtras } from "../../services/meter/sources/sensorbox.core.ts";
import { type DecodedLine, rejected, STRAIGHT } from "./decoded-line.ts";

/** A connection above this has transformers of 200 A to 50 mA, as the menu's MAINS says it. */
const LARGE_MAINS_A = 100;

/** The one exchange of a Sensorbox. `settings` may say `mains_A`, which the scale of its transformers depends on. */
export function sensorboxLine(exchanges: readonly Exchange[], settings: unknown): DecodedLine {
  const [first, ...others] = exchanges;
  if (first === undefined || others.length > 0) return rejected("a Sensorbox tells everything in one exchange");
  const asked = readRequestOf(first.request);
  const answer = asked === null ? null : findAnswer(asked, first.response);
  if (asked === null || answer === null) {
    return rejected((asked === null ? null : explainSilence(asked, first.response)) ?? "no answer");
  }
  if (((answer[1] ?? 0) & 0x80) !== 0) return rejected(`unit ${asked.unit} answers with exception ${answer[2] ?? "?"}`);
  const mainsA = Number((settings as { readonly mains_A?: unknown } | null | undefined)?.mains_A ?? 0);
  const read = readSensorbox(answer.subarray(3, -2), mainsA > LARGE_MAINS_A ? 2 : 1);
  if (!read.ok) return rejected(read.reason);
  const { measured, generation, dsmrVersion, wiring, extras } = read.reply;
  if (measured === null) return rejected("nothing new was measured since the last read");
  const rules = { direction: "own", mounting: STRAIGHT, ofCar: false } as const;
  const judged = judgeObservation(measured.observation, rules, freshSource);
  if (!judged.ok) return rejected(judged.reason);
  const { l1, l2, l3 } = judged.value.currentA;
  const currents = [l1, l2, l3];
  return {
    current_A: currents,
    irms_dA: currents.map(inTenths),
    source: measured.source,
    grid_menu_visible: wiring !== null && measured.source === "CT",
    dsmr_version: dsmrVersion,
    software_version: generation,
    wiring: wiring === null ? null : { counter_clockwise: wiring.counterClockwise, three_wire: wiring.threeWire },
    ...(extras === null ? {} : inWords(extras)),
  };
}

/** As the firmware counts: whole mA, then whole tenths, both towards zero. */
function inTenths(amps: number): number {
  return Math.trunc(Math.trunc(amps * 1_000) / 100) + 0;
}

function inWords(extras: SensorboxExtras): DecodedLine {
  const { timeValid, wifiConnected, portalActive, wifiMode, ip, macTail, portalPassword, ...time } = extras;
  return {
    time_set: timeValid,
    wifi_connected: wifiConnected,
    portal_active: portalActive,
    wifi_mode: wifiMode,
    ...time,
    ip,
    mac_tail: macTail,
    portal_password: portalPassword,
  };
}
