import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { connect as connectNats } from "nats";
import { SerialPort } from "serialport";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import { meterConfig } from "../../services/meter/meter.config.ts";
import type { MeterDriver, MeterSpec } from "../../services/meter/meter.port.ts";
import { checksumOf } from "../../services/meter/sources/p1-frame.core.ts";
import { SPEEDWIRE } from "../../services/meter/sources/speedwire.core.ts";
import { wantedMeter } from "../../services/meter/wanted.core.ts";
import { type BoxState, simulatedSensorbox } from "../../services/simulator/meters/sensorbox.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { rtuTcpSlave, tcpSlave } from "./modbus-bench.ts";
import { encrypted, P1_KEY } from "./p1-encrypted.ts";
import { natsUrl, startMosquitto, startNats, type Teardown, tempDir, until } from "./servers.ts";
import { smlFileOf } from "./sml.ts";
import { speedwireDatagram } from "./speedwire.ts";

/** A driver with a real counterpart that says what the test wants. */
export interface SourceBench {
  readonly driver: MeterDriver;
  /** What the device says at whole amperes on every phase, taken from the grid. */
  message(amps: number): string;
  /** Says this: at once where the device speaks by itself, from now on where it is asked. */
  say(message: string): void;
  /** Waits until what was said has arrived, where the device is asked for it; or until somebody listens. */
  arrived(): Promise<void>;
  /** The device or its cable is gone; and there again. */
  unplug(): Promise<void>;
  replug(): Promise<void>;
}

export type MakeBench = (t: Teardown) => Promise<SourceBench>;

/** The driver as a site file names it. */
export function driverOf(
  driver: unknown,
  parts: Partial<Parameters<typeof openMeterDriver>[1]> = {},
  over: { readonly config?: object; readonly spec?: { readonly pollMs: number } } = {},
): MeterDriver {
  const config = meterConfig.parse({ role: "mains", pollMs: 200, ...over.config, driver });
  const wanted = wantedMeter(config, null);
  if (wanted.kind !== "read") throw new Error(`the site file gives no meter to read: ${JSON.stringify(wanted)}`);
  // As fast as the test wants, whatever the device's usual rhythm.
  const { spec } = wanted;
  const isAsked = spec.kind === "http" || spec.kind === "pulse";
  const fast: MeterSpec = { ...(isAsked ? { ...spec, newsEveryMs: 0, pollMs: 20 } : spec), ...over.spec };
  const lines = new ModbusLines({}, { clock: systemClock });
  return openMeterDriver(fast, { lines, clock: systemClock, ...parts });
}

/** What a HomeWizard says. */
export function homewizardSays(amps: number): string {
  const phase = (n: number) => ({
    [`active_current_l${n}_a`]: amps,
    [`active_power_l${n}_w`]: amps * 230,
    [`active_voltage_l${n}_v`]: 230,
  });
  return JSON.stringify({
    wifi_strength: 80,
    active_power_w: 3 * amps * 230,
    ...phase(1),
    ...phase(2),
    ...phase(3),
    total_power_import_kwh: 1_234.5,
    total_power_export_kwh: 67.25,
  });
}

/** A device on real HTTP. */
export class HttpDevice {
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => void response.end();
  readonly asked: string[] = [];
  #server: Server | null = null;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    const server = createHttpServer((request, response) => {
      this.asked.push(request.url ?? "");
      this.answer(request, response);
    });
    this.#server = server;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }
}

export async function httpDevice(t: Teardown): Promise<HttpDevice> {
  const device = new HttpDevice();
  await device.open();
  t.teardown(() => device.close());
  return device;
}

/** Documents a device answers with, by path; without one for a path, 404. */
export function serving(documents: Readonly<Record<string, unknown>>): HttpDevice["answer"] {
  return (request, response) => {
    const document = documents[request.url ?? ""];
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  };
}

export const httpBench: MakeBench = async t => {
  const device = await httpDevice(t);
  let said = homewizardSays(6);
  device.answer = (_request, response) => void response.end(said);
  return {
    driver: driverOf({ kind: "http", preset: "homewizard", url: device.url }),
    message: homewizardSays,
    say: message => {
      said = message;
    },
    arrived: async () => {
      // The next question is answered with it; the one after that shows that it was taken in.
      const before = device.asked.length;
      await until("the device is asked twice", () => device.asked.length >= before + 2);
    },
    unplug: () => device.close(),
    replug: () => device.open(),
  };
};

let stamped = 0;

/** A telegram of a three-phase DSMR 5 meter, each of another second. */
export function telegramOf(amps: number): string {
  stamped += 1;
  const seconds = String(100_000_000_000 + stamped).slice(-6);
  const kilowatts = (amps * 0.23).toFixed(3).padStart(6, "0");
  const phase = (current: number, power: number) => [
    `1-0:${current}.7.0(${String(amps).padStart(3, "0")}*A)`,
    `1-0:${power}.7.0(${kilowatts}*kW)`,
    `1-0:${power + 1}.7.0(00.000*kW)`,
    `1-0:${current + 1}.7.0(230.0*V)`,
  ];
  const lines = [
    "/XMX5LGBBFG1009394887",
    "",
    "1-3:0.2.8(50)",
    `0-0:1.0.0(251121${seconds}W)`,
    "1-0:1.8.1(001234.500*kWh)",
    "1-0:2.8.1(000067.250*kWh)",
    `1-0:1.7.0(${(3 * amps * 0.23).toFixed(3).padStart(6, "0")}*kW)`,
    "1-0:2.7.0(00.000*kW)",
    ...phase(31, 21),
    ...phase(51, 41),
    ...phase(71, 61),
    "!",
  ];
  const text = lines.join("\r\n");
  return `${text}${checksumOf(text)}\r\n`;
}

/** A meter that speaks by itself, in a language of the site file, and what it says at these amperes. */
interface Speaker {
  readonly kind: "p1" | "sml";
  /** What else the site file says. */
  readonly also?: object;
  readonly baudRate: number;
  readonly message: (amps: number) => string;
}

const p1Speaker: Speaker = { kind: "p1", baudRate: 115_200, message: telegramOf };
const encryptedSpeaker: Speaker = {
  kind: "p1",
  also: { key: P1_KEY },
  baudRate: 115_200,
  message: amps => encrypted(telegramOf(amps)),
};
const smlSpeaker: Speaker = { kind: "sml", baudRate: 9_600, message: amps => smlFileOf(amps).toString("latin1") };

/** Behind a network adapter. */
const overTcp =
  ({ kind, also, message }: Speaker): MakeBench =>
  async t => {
    const sockets = new Set<Socket>();
    let port = 0;
    let server: NetServer | null = null;
    async function open(): Promise<void> {
      const opened = createServer(socket => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        socket.on("error", () => socket.destroy());
      });
      server = opened;
      opened.listen(port, "127.0.0.1");
      await once(opened, "listening");
      const address = opened.address();
      if (typeof address === "object" && address !== null) port = address.port;
    }
    async function close(): Promise<void> {
      const closing = server;
      server = null;
      if (closing === null) return;
      closing.close();
      for (const socket of sockets) socket.destroy();
      await once(closing, "close");
    }
    await open();
    t.teardown(close);
    return {
      driver: driverOf({ kind, ...also, link: { kind: "tcp", host: "127.0.0.1", port } }),
      message,
      say: message => {
        for (const socket of sockets) socket.write(message, "latin1");
      },
      arrived: async () => {
        await until("the driver is connected", () => sockets.size > 0);
      },
      unplug: close,
      replug: open,
    };
  };

/** On a serial cable: two ptys joined by socat. */
const overCable =
  ({ kind, also, baudRate, message }: Speaker): MakeBench =>
  async t => {
    const dir = tempDir(t, kind);
    const [here, there] = [join(dir, "host"), join(dir, "meter")];
    let cable: ChildProcess | null = null;
    let meter: SerialPort | null = null;
    async function replug(): Promise<void> {
      const pty = (link: string): string => `pty,raw,echo=0,link=${link}`;
      cable = spawn("socat", [pty(here), pty(there)], { stdio: "ignore" });
      await until("socat joins two ptys", () => existsSync(here) && existsSync(there));
      const opened = new SerialPort({ path: there, baudRate, autoOpen: false });
      await new Promise<void>((resolve, reject) => {
        opened.open(error => {
          if (error === null) resolve();
          else reject(error);
        });
      });
      // The end of the cable reports itself by `close`; nothing else is expected of it.
      opened.on("error", () => undefined);
      meter = opened;
    }
    async function unplug(): Promise<void> {
      const [wire, end] = [cable, meter];
      cable = null;
      meter = null;
      if (end?.isOpen === true) await new Promise<void>(resolve => end.close(() => resolve()));
      if (wire !== null && wire.exitCode === null) {
        const gone = once(wire, "exit");
        wire.kill("SIGTERM");
        await gone;
      }
    }
    await replug();
    t.teardown(unplug);
    return {
      driver: driverOf({ kind, ...also, link: { kind: "serial", path: here } }),
      message,
      say: message => void meter?.write(message, "latin1"),
      arrived: () => Promise.resolve(),
      unplug,
      replug,
    };
  };

export const p1TcpBench = overTcp(p1Speaker);
export const p1SerialBench = overCable(p1Speaker);
export const p1EncryptedTcpBench = overTcp(encryptedSpeaker);
export const p1EncryptedSerialBench = overCable(encryptedSpeaker);
export const smlTcpBench = overTcp(smlSpeaker);
export const smlSerialBench = overCable(smlSpeaker);

const PULSE_LOGIN = `Basic ${Buffer.from("admin:on the label").toString("base64")}`;

/** The bridge of a Tibber Pulse. */
export const pulseBench: MakeBench = async t => {
  const device = await httpDevice(t);
  let said = smlFileOf(6);
  device.answer = (request, response) => {
    if (request.headers.authorization !== PULSE_LOGIN) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="bridge"' }).end();
    } else if (request.url !== "/data.json?node_id=1") response.writeHead(404).end();
    else response.end(said);
  };
  return {
    driver: pulseDriver(device.url),
    message: smlSpeaker.message,
    say: message => {
      said = Buffer.from(message, "latin1");
    },
    arrived: async () => {
      const before = device.asked.length;
      await until("the bridge is asked twice", () => device.asked.length >= before + 2);
    },
    unplug: () => device.close(),
    replug: () => device.open(),
  };
};

/** Asks a bridge as fast as the test wants. */
export function pulseDriver(url: string, spec: { readonly pollMs: number } = { pollMs: 20 }): MeterDriver {
  return driverOf({ kind: "pulse", url, password: "on the label" }, {}, { spec });
}

const SPEEDWIRE_SERIAL = 3_001_234_567;

/** A device on the network that sends to the group. */
export async function speedwireSender(t: Teardown, port: number): Promise<(datagram: Buffer) => void> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  t.teardown(() => socket.close());
  await new Promise<void>(resolve => socket.bind(0, "127.0.0.1", resolve));
  socket.setMulticastInterface("127.0.0.1");
  return datagram => socket.send(datagram, port, SPEEDWIRE.group);
}

/** A Home Manager on the network. Whoever wants to hear it joins its group; it does not know who does. */
export const speedwireBench: MakeBench = async t => {
  const port = await freeUdpPort();
  const send = await speedwireSender(t, port);
  let isThere = true;
  let ticks = 0;
  return {
    driver: driverOf({ kind: "speedwire", serial: SPEEDWIRE_SERIAL, interfaceAddress: "127.0.0.1", port }),
    message: amps => {
      ticks += 1_000;
      const says = { serial: SPEEDWIRE_SERIAL, ticks, currentA: [amps, amps, amps] } as const;
      return speedwireDatagram(says).toString("latin1");
    },
    say: message => {
      if (isThere) send(Buffer.from(message, "latin1"));
    },
    arrived: () => new Promise(resolve => setTimeout(resolve, 5)),
    unplug: async () => {
      isThere = false;
    },
    replug: async () => {
      isThere = true;
    },
  };
};

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>(resolve => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>(resolve => socket.close(resolve));
  return port;
}

/** A publisher on a real Mosquitto. */
async function mqttPublisher(t: Teardown) {
  let broker = await startMosquitto(t);
  const options = { username: "evse", password: "secret", protocolVersion: 4, reconnectPeriod: 100 } as const;
  const client: MqttClient = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, options);
  // It reconnects by itself while the broker is away.
  client.on("error", () => undefined);
  t.teardown(() => client.endAsync(true));
  const { port } = broker;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    client,
    unplug: () => broker.kill(),
    replug: async () => {
      broker = await startMosquitto(t, "evse", "secret", port);
      await until("the publisher is back", () => client.connected);
    },
  };
}

export const mqttColonBench: MakeBench = async t => {
  const { url, client, unplug, replug } = await mqttPublisher(t);
  const topic = "SmartEVSE-1/Set/MainsMeter";
  return {
    driver: driverOf({ kind: "mqtt", url, user: "evse", password: "secret", topic }),
    message: amps => `${amps * 10}:${amps * 10}:${amps * 10}`,
    say: message => void client.publish(topic, message),
    arrived: () => Promise.resolve(),
    unplug,
    replug,
  };
};

export const mqttJsonBench: MakeBench = async t => {
  const { url, client, unplug, replug } = await mqttPublisher(t);
  return {
    driver: driverOf({ kind: "mqtt", url, user: "evse", password: "secret", preset: "tasmota", device: "mains" }),
    message: amps => {
      const three = <T>(value: T): readonly T[] => [value, value, value];
      const energy = { Total: 1_234.5, Power: three(amps * 230), Voltage: three(230), Current: three(amps) };
      return JSON.stringify({ Time: "2025-11-21T14:35:00", ENERGY: energy });
    },
    say: message => void client.publish("tele/mains/SENSOR", message),
    arrived: () => Promise.resolve(),
    unplug,
    replug,
  };
};

/** A program that publishes on a real NATS. */
export const natsBench: MakeBench = async t => {
  let server = await startNats(t);
  const { port } = server;
  const options = { ...natsOptions(natsUrl(port)), reconnectTimeWait: 100 };
  const publisher = await connectNats(options);
  t.teardown(() => publisher.close());
  let sequence = 0;
  return {
    driver: driverOf({ kind: "nats" }, { nats: { site: "demo", connect: () => connectNats(options) } }),
    message: amps => {
      sequence += 1;
      const currentA = { l1: amps, l2: amps, l3: amps };
      return JSON.stringify({ role: "mains", from: "test", sequence, ageMs: 0, currentA, totalPowerW: 690 * amps });
    },
    say: message => {
      publisher.publish("edge.demo.feed.meter.mains", message);
    },
    arrived: () => Promise.resolve(),
    unplug: () => server.kill(),
    replug: async () => {
      server = await startNats(t, port);
      await until("the publisher is back", async () =>
        publisher.rtt().then(
          () => true,
          () => false,
        ),
      );
    },
  };
};

/** A Sensorbox on Modbus TCP, or behind a gateway that passes serial frames on. Messages are the amperes it measures. */
export function sensorboxBench(line: "tcp" | "rtu-tcp", model: BoxState["model"] = "2"): MakeBench {
  return async t => {
    const state: BoxState = { model, generation: model === "2" ? 2 : 0, wiring: 0, ct: null, p1: null };
    const { slave, address } = line === "tcp" ? await tcpSlave(t) : await rtuTcpSlave(t, 115_200);
    slave.addDevice(10, simulatedSensorbox(state));
    const lines = new ModbusLines({ box: address }, { clock: systemClock, replyMs: 100 });
    return {
      driver: driverOf({ kind: "sensorbox", line: "box" }, { lines }),
      message: String,
      say: message => {
        state.ct = [Number(message), Number(message), Number(message)];
      },
      arrived: async () => {
        const before = slave.requestsTo(10);
        await until("the box is asked twice", () => slave.requestsTo(10) >= before + 2);
      },
      unplug: async () => slave.setFault(10, { answer: () => null }),
      replug: async () => slave.setFault(10, null),
    };
  };
}
