import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import type { NatsAccess } from "../../services/meter/drivers/nats.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import { type MeterConfig, meterConfig } from "../../services/meter/meter.config.ts";
import type { MeterDriver, Sample } from "../../services/meter/meter.port.ts";
import { wantedMeter } from "../../services/meter/wanted.core.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { describeIssues } from "../../shared/contracts/define.ts";
import { readSiteFile } from "../../shared/site/site-file.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { LINE_OPTIONS, lineOf, profileCalled, unknownMeter, wholeNumber } from "./line-options.ts";

const OPTIONS = {
  ...LINE_OPTIONS,
  type: { value: "METER", help: "which meter: a key of docs/meters.md, the text of the menu, sunspec or sensorbox" },
  address: { value: "N", help: "its address, 1..247" },
  site: { value: "FILE", help: "in place of line, type and address: a meter of this site file, named by its id" },
  watch: { help: "goes on until Ctrl-C" },
  every: { value: "MS", help: "how often it is read; 1000 where nothing is said" },
  within: { value: "S", help: "how long a first sample is waited for; 10 where nothing is said" },
  json: { help: "one JSON per sample" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const HELP = `edge-evse meter read --type METER --address N --serial PATH | --tcp HOST:PORT | --rtu-tcp HOST:PORT
edge-evse meter read ID --site FILE
Reads a meter as the site would, once, or with --watch again and again. On a Modbus line no other master may be
active meanwhile: stop the site first.
${helpOf(OPTIONS)}`;

/** `edge-evse meter read`: 0 a sample came, 1 none did. */
export async function read(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  const everyMs = wholeNumber("--every", options.every ?? "1000", 200, 60_000);
  const withinMs = 1_000 * wholeNumber("--within", options.within ?? "10", 1, 600);
  const driver = options.site === undefined ? ofOptions(options, words, everyMs) : ofSite(options.site, words, everyMs);
  terminal.tell(`reading ${driver.source}`);
  const show = options.json ? jsonOf : lineFor;
  if (!options.json) terminal.print(HEADING);
  return watch(driver, {
    terminal,
    withinMs,
    once: !options.watch,
    show: sample => terminal.print(show(sample)),
  });
}

interface Watching {
  readonly terminal: Terminal;
  readonly withinMs: number;
  readonly once: boolean;
  readonly show: (sample: Sample) => void;
}

async function watch(driver: MeterDriver, { terminal, withinMs, once, show }: Watching): Promise<number> {
  let samples = 0;
  let lastProblem = "";
  await new Promise<void>(resolve => {
    const patience = setTimeout(() => {
      if (samples === 0) resolve();
    }, withinMs);
    terminal.stop.addEventListener("abort", () => resolve());
    driver.start({
      sample: sample => {
        clearTimeout(patience);
        if (once && samples > 0) return;
        samples += 1;
        lastProblem = "";
        show(sample);
        if (once) resolve();
      },
      problem: problem => {
        if (problem !== lastProblem) terminal.tell(problem);
        lastProblem = problem;
      },
    });
  });
  await driver.stop();
  if (samples === 0 && !terminal.stop.aborted) terminal.tell(`no sample within ${withinMs / 1_000} s`);
  return samples === 0 ? 1 : 0;
}

function ofOptions(
  options: Parameters<typeof lineOf>[0] & { readonly type: string | undefined; readonly address: string | undefined },
  words: readonly string[],
  pollMs: number,
): MeterDriver {
  const { type, address } = options;
  if (words.length > 0) throw new WrongUse(`"${words.join(" ")}": a meter's id is for --site FILE`);
  if (type === undefined || address === undefined) {
    throw new WrongUse("--type METER and --address N are needed; meter scan finds them");
  }
  const at = wholeNumber("--address", address, 1, 247);
  const lines = new ModbusLines({ line: lineOf(options) }, { clock: systemClock });
  if (type === "sensorbox") return open({ kind: "sensorbox", address: at }, { lines, pollMs });
  const known = type === "sunspec" ? type : profileCalled(type)?.key;
  if (known === undefined) throw new WrongUse(unknownMeter(type, ["sunspec", "sensorbox"]));
  return open({ kind: "modbus", type: known, address: at }, { lines, pollMs });
}

/** For the role pv: what a fuse must not be guarded with may still be looked at. */
function open(
  driver: unknown,
  { lines, pollMs }: { readonly lines: ModbusLines; readonly pollMs: number },
): MeterDriver {
  return driverFor(meterConfig.parse({ role: "pv", pollMs, driver }), lines, null);
}

function ofSite(file: string, words: readonly string[], pollMs: number): MeterDriver {
  const site = readSiteFile(file);
  const meters = site.services.filter(({ service }) => service === "meter");
  const [id] = words;
  const names = meters.map(meter => meter.id ?? "").join(", ");
  const found = meters.find(meter => meter.id === id);
  if (id === undefined || words.length > 1) throw new WrongUse(`which meter of ${file}? expected one of: ${names}`);
  if (found === undefined) throw new WrongUse(`${file} has no meter "${id}"; expected one of: ${names}`);
  const own = Object.fromEntries(Object.entries(found).filter(([key]) => !["service", "id", "node"].includes(key)));
  const parsed = meterConfig.safeParse({ ...own, pollMs });
  if (!parsed.success) throw new WrongUse(`${file}, meter ${id}: ${describeIssues(parsed.error)}`);
  if (parsed.data.driver.kind === "setting") {
    throw new WrongUse(`${file}: the meter ${id} is chosen in the menu; give --type, --address and the line`);
  }
  const natsUrl = process.env["NATS_URL"];
  const nats: NatsAccess | null =
    natsUrl === undefined
      ? null
      : { site: site.site, connect: async () => (await import("nats")).connect(natsOptions(natsUrl)) };
  return driverFor(parsed.data, new ModbusLines(site.lines, { clock: systemClock }), nats);
}

function driverFor(config: MeterConfig, lines: ModbusLines, nats: NatsAccess | null): MeterDriver {
  const wanted = wantedMeter(config, null);
  if (wanted.kind === "unsupported") throw new WrongUse(wanted.reason);
  if (wanted.kind !== "read") throw new WrongUse("this meter cannot be read without the settings of a running site");
  return openMeterDriver(wanted.spec, { lines, clock: systemClock, nats });
}

const HEADING = ["current A: L1", "L2", "L3", "power W", "import kWh", "export kWh"]
  .map(cell => cell.padStart(13))
  .join("");

function lineFor({ currentA, totalPowerW, importWh, exportWh }: Sample): string {
  const number = (value: number | null, digits: number): string => (value === null ? "-" : value.toFixed(digits));
  return [
    number(currentA.l1, 2),
    number(currentA.l2, 2),
    number(currentA.l3, 2),
    number(totalPowerW, 0),
    number(importWh === null ? null : importWh / 1_000, 2),
    number(exportWh === null ? null : exportWh / 1_000, 2),
  ]
    .map(cell => cell.padStart(13))
    .join("");
}

function jsonOf({ sampledAt, ...measured }: Sample): string {
  return JSON.stringify({ ageMs: Math.round(systemClock.now() - sampledAt), ...measured });
}
