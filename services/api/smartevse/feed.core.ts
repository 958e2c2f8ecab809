import type { ParamsOf } from "../../../shared/contracts/define.ts";
import { type MeterRole, meterFeed } from "../../../shared/contracts/meter.ts";
import { amperesOf, batteryCorrected, type DeciAmperes, totalOf } from "./currents.core.ts";
import { intParam, type Params, type Reply } from "./parse.core.ts";
import { change, isNode, type SettingsContext, type Wish, wishFor } from "./plan.core.ts";

type Feed = ParamsOf<typeof meterFeed>;

/** A group of measured values: what to feed, and what to answer when the meter took it. Not taken: no keys. */
export interface FeedWish {
  readonly feed: Feed;
  readonly reply: Reply;
}

export interface CurrentsPlan {
  readonly wishes: readonly Wish[];
  readonly feeds: readonly FeedWish[];
  readonly reply: Reply;
  /** The battery current to be stored, in 0.1 A. */
  readonly batteryDeciA: number | null;
}

export interface FeedContext extends SettingsContext {
  readonly mainsIsApi: boolean;
  readonly circuitIsApi: boolean;
  readonly evIsApi: boolean;
  /** Home battery current in force, in 0.1 A. */
  readonly batteryDeciA: number;
  /** Energy of the present charging session. */
  readonly chargedWh: number;
}

/** Beyond 200 A a fed value is not believable; its group is passed over, as over MQTT (spec interfaces 1.5). */
const MAX_DECI_A = 2_000;
const ON_A_NODE = "not allowed on slave";

/** POST /currents: mains, circuit and home battery, each on its own (spec interfaces 1.5). */
export function currentsPlan(params: Params, context: FeedContext): CurrentsPlan {
  const { evseId, settings } = context;
  const battery = believable(intParam(params, "battery_current"));
  const mains = context.mainsIsApi ? linesIn(params, "") : null;
  const circuit = context.circuitIsApi ? linesIn(params, "circuit_") : null;
  if (isNode(settings)) {
    const reply = {
      ...(params.has("battery_current") ? { battery_current: ON_A_NODE } : {}),
      ...(mains === null ? {} : { TOTAL: ON_A_NODE }),
      ...(circuit === null ? {} : { circuit: { TOTAL: ON_A_NODE } }),
    };
    return { wishes: [], feeds: [], reply, batteryDeciA: null };
  }
  const feeds: FeedWish[] = [];
  if (mains !== null) {
    const corrected = batteryCorrected(mains, battery ?? context.batteryDeciA, settings, evseId);
    const reply = { original: { ...mains }, ...corrected, TOTAL: totalOf(corrected) };
    feeds.push({ feed: feedOf("mains", null, { currentA: amperesOf(mains) }), reply });
  }
  if (circuit !== null) {
    const reply = { circuit: { ...circuit, TOTAL: totalOf(circuit) } };
    feeds.push({ feed: feedOf("circuit", null, { currentA: amperesOf(circuit) }), reply });
  }
  const wishes =
    battery === null ? [] : [wishFor(change("battery_current", evseId, battery), "battery_current", battery, null)];
  return { wishes, feeds, reply: {}, batteryDeciA: battery };
}

/** POST /ev_meter: currents, and energies with power, each group whole or not at all (spec interfaces 1.6). */
export function evMeterFeeds(params: Params, context: FeedContext): readonly FeedWish[] {
  if (!context.evIsApi) return [];
  const { evseId } = context;
  const feeds: FeedWish[] = [];
  const lines = linesIn(params, "");
  if (lines !== null) {
    const reply = { ev_meter: { currents: { ...lines, TOTAL: totalOf(lines) } } };
    feeds.push({ feed: feedOf("ev", evseId, { currentA: amperesOf(lines) }), reply });
  }
  const importWh = intParam(params, "import_active_energy");
  const exportWh = intParam(params, "export_active_energy");
  const powerW = intParam(params, "import_active_power");
  if (importWh === null || exportWh === null || powerW === null) return feeds;
  const feed = feedOf("ev", evseId, { totalPowerW: powerW, importWh, exportWh });
  if (!meterFeed.params.safeParse(feed).success) return feeds;
  const energies = { import_active_energy: importWh, export_active_energy: exportWh };
  // These two hold Wh, whatever their names say.
  const misnamed = { total_kwh: importWh - exportWh, charged_kwh: context.chargedWh };
  return [...feeds, { feed, reply: { ev_meter: { import_active_power: powerW, ...energies, ...misnamed } } }];
}

/** L1, L2 and L3, all three and believable, or nothing. */
function linesIn(params: Params, prefix: string): DeciAmperes | null {
  const line = (name: string): number | null => believable(intParam(params, prefix + name));
  const [L1, L2, L3] = [line("L1"), line("L2"), line("L3")];
  if (L1 === null || L2 === null || L3 === null) return null;
  return { L1, L2, L3 };
}

function believable(deciA: number | null): number | null {
  return deciA === null || Math.abs(deciA) > MAX_DECI_A ? null : deciA;
}

function feedOf(role: MeterRole, evseId: string | null, values: Partial<Feed>): Feed {
  return { role, evseId, currentA: null, totalPowerW: null, importWh: null, exportWh: null, ...values };
}
