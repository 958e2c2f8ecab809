import type { MeterReading, MeterRole } from "../../../shared/contracts/meter.ts";
import { numberIn } from "../../../shared/settings/read.ts";
import { freshReading, meterFor, meterStatusOf, sampleAgeMs, statusOf } from "../knowledge.core.ts";
import { batteryCorrected, type DeciAmperes, deciAmperesOf, totalOf, whole } from "./currents.core.ts";
import type { Reply } from "./parse.core.ts";
import { labelOf, type TreeContext } from "./tree-context.core.ts";

const NOMINAL_V = 230;

/** The meters of GET /settings. Values of a silent meter are 0, as after a start; `last_data_update` tells since when. */
export function metersTree(context: TreeContext, offsetDeciA: number): Reply {
  const { settings, point } = context;
  const raw = linesOf(context, "mains", null);
  const lines = batteryCorrected(raw, offsetDeciA, settings, point.id);
  return {
    ev_meter: evMeterTree(context),
    mains_meter: {
      ...energies(readingOf(context, "mains", null)),
      phases: 3,
      apparent_power_va: whole((NOMINAL_V * Math.abs(raw.L1)) / 10),
    },
    ...circuitTree(context),
    phase_currents: {
      ...currentsTree(lines),
      last_data_update: lastUpdateS(context, "mains"),
      original_data: currentsTree(raw),
    },
  };
}

function evMeterTree(context: TreeContext): Reply {
  const { known, settings, point, now } = context;
  const reading = readingOf(context, "ev", point.id);
  const chargedWh = whole(statusOf(known, point.id, now)?.session?.energyWh ?? 0);
  const totalWh = whole((reading?.importWh ?? 0) - (reading?.exportWh ?? 0));
  return {
    description: meterLabel(context, "ev"),
    address: meterAddress(context, "ev") ?? numberIn(settings, "ev_meter_address", point.id),
    import_active_power: whole(reading?.totalPowerW ?? 0),
    total_wh: totalWh,
    charged_wh: chargedWh,
    total_kwh: totalWh / 1000,
    charged_kwh: chargedWh / 1000,
    currents: currentsTree(linesOf(context, "ev", point.id)),
    ...energies(reading),
  };
}

function circuitTree(context: TreeContext): Reply {
  const description = meterLabel(context, "circuit");
  if (description === "Disabled") return {};
  const reading = readingOf(context, "circuit", null);
  const address = meterAddress(context, "circuit") ?? numberIn(context.settings, "circuit_meter_address");
  const currents = currentsTree(linesOf(context, "circuit", null));
  const power = whole(reading?.totalPowerW ?? 0);
  return { circuit_meter: { description, address, currents, power, ...energies(reading) } };
}

function readingOf({ known, now }: TreeContext, role: MeterRole, evseId: string | null): MeterReading | null {
  return freshReading(meterFor(known, role, evseId), now);
}

function linesOf(context: TreeContext, role: MeterRole, evseId: string | null): DeciAmperes {
  return deciAmperesOf(readingOf(context, role, evseId)?.currentA ?? null);
}

function currentsTree(lines: DeciAmperes): Reply {
  return { TOTAL: totalOf(lines), ...lines };
}

function energies(reading: MeterReading | null): Reply {
  return {
    import_active_energy: whole(reading?.importWh ?? 0),
    export_active_energy: whole(reading?.exportWh ?? 0),
  };
}

/** When the last sample was taken, believed or not; 0 = never. */
function lastUpdateS({ known, now, civilMs }: TreeContext, role: MeterRole): number {
  const reading = meterFor(known, role, null)?.reading ?? null;
  return reading === null ? 0 : Math.floor((civilMs - sampleAgeMs(reading, now)) / 1000);
}

const METER_SETTING = { mains: "mains_meter", ev: "ev_meter", circuit: "circuit_meter_type" } as const;

/** The meter that is there, whatever the setting says: one that the site file fixes leaves the setting Disabled. */
export function meterLabel(
  { known, settings, point, now }: Pick<TreeContext, "known" | "settings" | "point" | "now">,
  role: keyof typeof METER_SETTING,
): string {
  const evseId = role === "ev" ? point.id : null;
  const meter = meterFor(known, role, evseId);
  const status = meter === null ? null : meterStatusOf(meter, now);
  return status?.typeLabel ?? labelOf(settings, METER_SETTING[role], evseId);
}

function meterAddress({ known, point, now }: TreeContext, role: MeterRole): number | null {
  const meter = meterFor(known, role, role === "ev" ? point.id : null);
  return meter === null ? null : (meterStatusOf(meter, now)?.address ?? null);
}
