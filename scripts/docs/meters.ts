import type { MeterRow, RegisterRow, Scale } from "../../services/meter/modbus/meter-row.ts";
import { meterProfiles, meterRows, spelledOut } from "../../services/meter/modbus/profiles.ts";
import { HTTP_PRESETS, httpPreset } from "../../services/meter/sources/http-presets.ts";
import { MQTT_PRESETS, mqttPreset } from "../../services/meter/sources/mqtt-presets.ts";
import { SPEEDWIRE } from "../../services/meter/sources/speedwire.core.ts";
import { settingOf } from "../../shared/settings/catalogue/index.ts";

const INTRODUCTION = `# Meters

Written by \`npm run docs\` from \`services/meter/modbus/rows\` and the presets in \`services/meter/sources\`; do not edit.
Modbus meters come first, [others](#not-modbus) after the overview; adding a make is adding a row, a preset is adding an entry.

A meter is chosen in the menu (MAINS MET, EV METER, CIRCT MET and the address beside them), or fixed in the site file:

\`\`\`yaml
lines:
  rail: { kind: serial, path: /dev/ttyUSB0 }                      # 9600 8N1 unless baudRate, parity, stopBits say otherwise
  gateway: { kind: rtu-tcp, host: 192.168.1.20, port: 8899 }      # a gateway that passes serial frames on
  inverter: { kind: tcp, host: 192.168.1.30, port: 1502 }         # Modbus TCP
services:
  - { service: meter, id: mains, role: mains, driver: { kind: setting, line: rail } }
  - { service: meter, id: roof, role: pv, driver: { kind: modbus, type: sunspec, address: 1, line: inverter } }
  - { service: meter, id: heat, role: circuit, driver: { kind: modbus, type: janitza_b2x, address: 14, line: rail } }
\`\`\`

\`type\` is a key of this page, a text of the menu, or \`sunspec\`: then the device's map is walked ("SunS" at 40000, 50000 or
0, the first of the models 201 to 204 and 211 to 214 that has a current). One process owns a line. The mains is served before
circuits, those before the rest, nobody waits for ever, and a meter that does not answer is asked ever more rarely.

**Direction.** Where a power per phase is known, the current takes its direction; otherwise a signed current is believed, and a
magnitude takes the direction of the total power, which is right as long as all phases flow one way (the reading then says
\`derived\`). \`reversed: true\` turns a meter round that is wired with supply and load exchanged; \`phaseRotation\` says on which
phase of the house its terminals sit.

**What is refused.** A reply of another unit, function, length or with a wrong checksum; one behind the question of another
master on the line, who is named; a number that is none; a current or
power that the device marks as not available; more than 1000 A or 250 kW on a phase; a voltage other than 0 or 80 to 300 V; a
counter that runs backwards by more than 1 kWh. What contradicts itself over a while is named in the meter's status: current
against power, phases against total, power against current times voltage, transformers on each other's phases, phases in
another order than the mains meter's, a reversed meter, values that never change, counters against power.

**Custom.** BYTE ORD, DATA TYPE, FUNCTION and a register and divisor each for voltage, current, power and energy. The
registers are those on the wire, beginning at 0; L2 and L3 follow L1 directly; the current is signed; a register of 0 is not
read, but for the current's. READ MAX is kept for compatibility and not evaluated, as on every firmware.
`;

const OTHERS = `## Not Modbus

| Driver (\`kind\`) | What it reads | Comes | Direction of a current |
|---|---|---|---|
| \`sensorbox\` | Sensorbox 1.5 and 2, transformers and P1 port | when asked, new every 2 s | its own |
| \`p1\` | smart meters on their P1 port, DSMR 2 to 5, ESMR, Fluvius: a serial cable, or an adapter that passes telegrams on over TCP (SlimmeLezer, ser2net). With \`key\` those that encrypt (Luxembourg, parts of Austria) | every second, before DSMR 5 every 10 s | power per phase |
| \`sml\` | German meters on their optical port, through a reading head on a serial cable or TCP | every 1 to 4 s | power per phase |
| \`pulse\` | Tibber Pulse through the web server of its bridge (\`webserver_force_enable\`) | when asked, new every 2 s or so | power per phase |
| \`speedwire\` | SMA Energy Meter, Home Manager 2.0 and what speaks like them, by multicast to ${SPEEDWIRE.group}:${SPEEDWIRE.port} | every second | power per phase |
| \`http\` | JSON over HTTP: a preset, or paths and a map | when asked | power per phase, or \`direction: own\` |
| \`mqtt\` | JSON over MQTT: a preset, or topics and a map; or one topic with \`L1:L2:L3\` in 0.1 A | when published | power per phase, or \`direction: own\`; L1:L2:L3 its own |
| \`nats\` | a program of its own, in any language | when published | its own |
| \`api\` | what \`POST /currents\` and \`POST /ev_meter\` say | when posted | its own |

\`\`\`yaml
- { service: meter, id: mains, role: mains, driver: { kind: p1, link: { kind: serial, path: /dev/ttyUSB0 }, dsmr: 5 } }
- { service: meter, id: mains, role: mains, driver: { kind: p1, link: { kind: tcp, host: 192.168.1.31, port: 8088 } } }
- { service: meter, id: mains, role: mains, driver: { kind: p1, link: { kind: serial, path: /dev/ttyUSB0 }, key: 00112233445566778899aabbccddeeff } }
- { service: meter, id: mains, role: mains, driver: { kind: sml, link: { kind: serial, path: /dev/ttyUSB0 } } }
- { service: meter, id: mains, role: mains, driver: { kind: pulse, url: "http://192.168.1.40", password: "AD56-54BA" } }
- { service: meter, id: mains, role: mains, driver: { kind: speedwire, serial: 3001234567 } }
\`\`\`

How each of these is written in a site file, maps included, tells [writing-a-meter.md](writing-a-meter.md). A fuse per phase is guarded
with currents per phase: a meter that tells a total power only (many SML meters, \`iometer\`, \`ecotracker\`) is refused unless \`phases: 1\`
says that there is one phase. For the roles \`pv\` and \`battery\`, of which the total counts, such a device's JSON is spread evenly over the phases,
and the reading says \`derived\`. An answer of a Pulse's bridge, of \`p1monitor\` or \`iometer\` that repeats the last one is no news, and
counts as old as the question before it; \`ecotracker\` says itself how old its values are.

What is on the network finds \`edge-evse meter discover\`, and the token of a HomeWizard's second interface gets \`edge-evse meter pair\`:
[meter-tools.md](meter-tools.md).

Not read: Tibber's cloud ([035](decisions/035-meters-that-are-listened-to.md)); Modbus ASCII, and RTU or Modbus TCP in datagrams
([081](decisions/081-transports-that-are-not-read.md)).
`;

/** `docs/meters.md`. */
export function metersPage(): string {
  const rows = [...meterRows].sort((a, b) => a.key.localeCompare(b.key, "en"));
  return [
    INTRODUCTION,
    "## Types of the menu\n",
    "| Number | Text | |\n|---|---|---|",
    `${menu().join("\n")}\n`,
    "Chint 1P (17 on other firmware), AcrelEVL2 and AcrelMain are not in the menu: name them in the site file.\n",
    `## ${rows.length} makes\n`,
    "| Key | Meter | Phases | Function | Leaves the factory with | Menu |\n|---|---|---|---|---|---|",
    `${rows.map(overview).join("\n")}\n`,
    OTHERS,
    `HTTP presets: ${presets(HTTP_PRESETS.map(name => [name, httpPreset(name).label]))}.\n`,
    `MQTT presets: ${presets(MQTT_PRESETS.map(name => [name, mqttPreset(name).label]))}.\n`,
    "## Registers\n",
    ...rows.map(section),
  ].join("\n");
}

function presets(list: readonly (readonly [name: string, label: string])[]): string {
  return list.map(([name, label]) => `\`${name}\` (${label})`).join(", ");
}

function menu(): readonly string[] {
  const other: Readonly<Record<string, string>> = {
    Disabled: "there is no meter",
    Sensorbox: "current transformers or P1 port, on the line at address 10",
    API: "fed over REST, MQTT or NATS",
    "HmWzrd P1": "HomeWizard, over HTTP",
    Custom: "as the settings describe it",
  };
  return (settingOf("mains_meter")?.options ?? []).map(({ value, label }) => {
    const profile = meterProfiles.find(({ typeId }) => typeId === value);
    return `| ${value} | ${label} | ${profile === undefined ? (other[label] ?? "") : `[\`${profile.key}\`](#${profile.key})`} |`;
  });
}

function overview({ key, name, phases, fn, serial = "9600 8N1", smartevse }: MeterRow): string {
  const label = smartevse === undefined ? "" : smartevse.label;
  return `| [\`${key}\`](#${key}) | ${name} | ${phases} | ${fn} | ${serial} | ${label} |`;
}

function section(row: MeterRow): string {
  const { fn, byteOrder, reversed, maxRegisters } = spelledOut(row);
  const facts = [
    `function ${fn}`,
    row.current === "signed" ? "current with its sign" : "current as magnitude",
    ...(byteOrder === "abcd" ? [] : [`bytes in the order ${byteOrder}`]),
    ...(reversed ? ["made to be mounted with supply and load exchanged"] : []),
    ...(row.powerSign === -1 ? ["counts power towards the grid as positive"] : []),
    ...(row.maxRegisters === undefined ? [] : [`at most ${maxRegisters} registers at once`]),
  ];
  return [
    `### ${row.key}\n`,
    `${row.name}: ${facts.join(", ")}.\n`,
    ...(row.notes ?? []).map(note => `- ${note}`),
    ...(row.notes === undefined ? [] : [""]),
    "| Quantity | Registers | Number | Times |\n|---|---|---|---|",
    `${row.registers.map(registers).join("\n")}\n`,
  ].join("\n");
}

function registers([quantity, at, type, scale]: RegisterRow): string {
  const words = quantity.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
  const addresses = (typeof at === "number" ? [at] : at).map(address => `0x${address.toString(16).padStart(4, "0")}`);
  const phases = typeof at === "number" ? "" : at.length === 1 ? " L1" : " L1, L2, L3";
  return `| ${words}${phases} | ${addresses.join(", ")} | ${type} | ${times(scale)} |`;
}

function times(scale: Scale): string {
  return typeof scale === "number" ? String(scale) : `10 to the power in ${scale.exponentAt}`;
}
