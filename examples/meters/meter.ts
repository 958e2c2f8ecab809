// A meter as a program of its own: reads an Eastron SDM630 over Modbus TCP and publishes what it measures over NATS.
// NATS_URL=nats://user:password@127.0.0.1:4222 SITE=demo FEED=mains MODBUS=127.0.0.1:15020 UNIT=10 node meter.ts
import { setTimeout as pause } from "node:timers/promises";
import modbus from "modbus-serial";
import { connect } from "nats";
import type { MeterSample } from "../../shared/contracts/meter.ts";

const { NATS_URL = "nats://127.0.0.1:4222", SITE = "demo", FEED = "mains", MODBUS = "", UNIT = "10" } = process.env;
const EVERY_MS = 1_000;

const nats = new URL(NATS_URL);
const connection = await connect({
  servers: nats.host,
  ...(nats.username === "" ? {} : { user: decodeURIComponent(nats.username), pass: decodeURIComponent(nats.password) }),
  maxReconnectAttempts: -1,
});
const subject = `edge.${SITE}.feed.meter.${FEED}`;

const [host = "127.0.0.1", port = "502"] = MODBUS.split(":");
const meter = new modbus.default();
let sequence = 0;

async function readSample(): Promise<MeterSample> {
  const askedAt = performance.now();
  if (!meter.isOpen) {
    await meter.connectTCP(host, { port: Number(port) });
    meter.setID(Number(UNIT));
    meter.setTimeout(500);
  }
  const { buffer } = await meter.readInputRegisters(0x06, 12);
  const at = (index: number): number => buffer.readFloatBE(4 * index);
  // The device tells magnitudes; the direction of a current is that of its power.
  const current = (phase: number): number => Math.abs(at(phase)) * (at(phase + 3) < 0 ? -1 : 1);
  sequence += 1;
  return {
    role: "mains",
    evseId: null,
    from: `meter.ts-${process.pid}`,
    sequence,
    ageMs: performance.now() - askedAt,
    currentA: { l1: current(0), l2: current(1), l3: current(2) },
    powerW: { l1: at(3), l2: at(4), l3: at(5) },
    totalPowerW: at(3) + at(4) + at(5),
    importWh: null,
    exportWh: null,
  };
}

for (;;) {
  const startedAt = performance.now();
  try {
    connection.publish(subject, JSON.stringify(await readSample()));
  } catch (error) {
    // Nothing is published while the meter is away: silence is what the site understands.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}; trying again\n`);
    meter.close(() => undefined);
  }
  await pause(Math.max(0, startedAt + EVERY_MS - performance.now()));
}
