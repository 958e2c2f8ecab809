/**
 * From a mains reading on the bus to the PWM command on the way to each of 8 boards: in one process, and over a real NATS
 * server with meter and balancer on one node and the points on another. Beside it the same three hops without the product:
 * an event emitter, and bare NATS subjects.
 *
 *   npm run bench -- latency
 */
import { EventEmitter, once } from "node:events";
import { ServiceBroker } from "moleculer";
import { connect, JSONCodec } from "nats";
import { balancerService } from "../../services/balancer/balancer.service.ts";
import { sessionFile } from "../../services/evse/drivers/session-file.ts";
import { evseService } from "../../services/evse/evse.service.ts";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { pilotService } from "../../services/pilot/pilot.service.ts";
import { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { type MeterReading, meterReading } from "../../shared/contracts/meter.ts";
import { settingsCurrent } from "../../shared/contracts/settings.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { MemoryCable } from "../support/memory-link.ts";
import { natsUrl, startNats, type Teardown, tempDir } from "../support/servers.ts";
import { type Figures, figuresOf, heading, row } from "./lib/samples.ts";

const POINTS = 8;
const MAINS_A = 200;
/** Each sample adds this much load, so that every point's duty falls with every sample. */
const STEP_A = 1.2;
const SAMPLES = 60;
const ROUNDS = 3;

const cleanups: (() => unknown)[] = [];
const t: Teardown = { teardown: cleanup => void cleanups.unshift(cleanup) };

try {
  console.log(heading(`mains reading to PWM command, ${POINTS} points`));
  const inProcess = await measure(null);
  console.log(row("in one process", inProcess, "ms", "aim p99 <= 10"));
  console.log(row("  event emitter, three hops", await bareEmitter(), "ms"));
  const nats = await startNats(t);
  const overNats = await measure(natsUrl(nats.port));
  console.log(row("over NATS, two nodes", overNats, "ms", "aim p99 <= 25"));
  const bare = await bareNats(nats.port);
  console.log(row("  bare NATS, two hops", bare, "ms", `ratio p50 ${(overNats.p50 / bare.p50).toFixed(1)}`));
} finally {
  for (const cleanup of cleanups) await cleanup();
}
process.exit(0);

/** All 8 latencies of every sample. */
async function measure(url: string | null): Promise<Figures> {
  const ids = Array.from({ length: POINTS }, (_none, index) => `p${index}`);
  const points = ids.map((id, index) => `  - { id: ${id}, serial: ${index + 1} }`).join("\n");
  const site = parseSite(`site: bench\nchargePoints:\n${points}\nservices: [{ service: balancer }]`, "bench.yaml");
  const front = brokerOf("front", url);
  const back = url === null ? front : brokerOf("back", url);

  const offersA = new Map<string, number>();
  const commandedAt = new Map<string, number>();
  const duties = new Map<string, string>();
  const boards = ids.map(id => {
    const board = new VirtualBoard({ clock: systemClock });
    board.present({ state: "A" });
    const cable = new MemoryCable(board);
    const write = board.write.bind(board);
    board.write = bytes => {
      // Sysex 0x0E, command 0x0A (or 0x02 to an older board): the duty comes first. A repetition is no news.
      if (bytes[0] === 0xf0 && bytes[1] === 0x0e && (bytes[2] === 0x0a || bytes[2] === 0x02)) {
        const duty = `${bytes[3]} ${bytes[4]}`;
        if (duty !== duties.get(id)) commandedAt.set(id, performance.now());
        duties.set(id, duty);
      }
      write(bytes);
    };
    const openBoard = firmataBoard({ openLink: cable.open, cpDisconnectPin: null });
    back.createService(pilotService({ broker: back, clock: systemClock, evseId: id, openBoard }));
    return board;
  });
  for (const point of site.chargePoints) {
    const keeper = sessionFile(tempDir(t, "latency"), point.id);
    back.createService(evseService({ broker: back, clock: systemClock, point, provisional: null, keeper }));
  }
  front.createService(
    balancerService({
      keepsLimits: false,
      broker: front,
      clock: systemClock,
      chargePoints: site.chargePoints,
      circuits: [],
      mainsMeterFixed: true,
      circuitMeterFixed: false,
    }),
  );
  front.createService({
    name: "onlooker",
    events: subscribe(evseStatus, status => {
      offersA.set(status.evseId, status.state === "C2" ? status.offerA : 0);
    }),
  });
  await Promise.all([...new Set([front, back])].map(broker => broker.start()));
  if (url !== null) await Promise.all([front.waitForServices("evse-p0"), back.waitForServices("balancer")]);

  const settings = {
    revision: 1,
    site: { current_main: MAINS_A, current_max_circuit: 160, mains_meter: 9 },
    points: Object.fromEntries(ids.map(id => [id, { mode: 1, current_max: 16, config: 1 }])),
  };
  let sequence = 0;
  let houseA = 20;
  const sample = (): void => {
    sequence += 1;
    let drawnA = 0;
    for (const id of ids) {
      const drawA = offersA.get(id) ?? 0;
      drawnA += drawA;
      publish(front, meterReading, reading("ev", id, sequence, drawA));
    }
    publish(front, meterReading, reading("mains", null, sequence, houseA + drawnA));
  };
  publish(front, settingsCurrent, settings);
  const rhythm = systemClock.every(1_000, () => {
    publish(front, settingsCurrent, settings);
  });

  const latencies: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    houseA = 20;
    boards.forEach(board => board.present({ state: "C", ppOhm: 220 }));
    for (let s = 0; s < 120 && [...offersA.values()].filter(a => a >= 15.9).length < POINTS; s += 1) {
      sample();
      await wait(500);
    }
    houseA = MAINS_A - POINTS * 16 - STEP_A;
    for (let i = 0; i < SAMPLES; i += 1) {
      houseA += STEP_A;
      commandedAt.clear();
      const from = performance.now();
      sample();
      await wait(60);
      for (const at of commandedAt.values()) latencies.push(at - from);
    }
  }
  rhythm();
  for (const board of boards) board.powerOff();
  await Promise.all([...new Set([front, back])].map(broker => broker.stop()));
  if (latencies.length < ROUNDS * SAMPLES * POINTS * 0.8) throw new Error(`only ${latencies.length} duties changed`);
  return figuresOf(latencies);
}

function brokerOf(nodeID: string, url: string | null): ServiceBroker {
  return new ServiceBroker({
    nodeID,
    namespace: "bench",
    logger: false,
    transporter: url === null ? null : { type: "NATS", options: natsOptions(url) },
  });
}

function reading(role: "mains" | "ev", evseId: string | null, sequence: number, currentA: number): MeterReading {
  return {
    ...meterReading.example,
    meterId: evseId === null ? role : `ev-${evseId}`,
    role,
    evseId,
    sequence,
    ageMs: 0,
    currentA: { l1: currentA, l2: currentA, l3: currentA },
    powerW: null,
    totalPowerW: null,
    importWh: null,
    exportWh: null,
  };
}

async function bareEmitter(): Promise<Figures> {
  const emitter = new EventEmitter();
  const done: number[] = [];
  emitter.on("reading", payload => {
    for (let i = 0; i < POINTS; i += 1) emitter.emit("allocation", payload);
  });
  emitter.on("allocation", payload => emitter.emit("grant", payload));
  emitter.on("grant", (payload: { from: number }) => done.push(performance.now() - payload.from));
  for (let i = 0; i < SAMPLES; i += 1) {
    emitter.emit("reading", { from: performance.now(), currentA: { l1: 1, l2: 2, l3: 3 } });
    await wait(5);
  }
  return figuresOf(done);
}

async function bareNats(port: number): Promise<Figures> {
  const options = natsOptions(natsUrl(port));
  const [meter, balancer, points] = await Promise.all([connect(options), connect(options), connect(options)]);
  const json = JSONCodec<{ from: number }>();
  const done: number[] = [];
  const arrived = new EventEmitter();
  balancer.subscribe("reading", {
    callback: (_error, message) => {
      for (let i = 0; i < POINTS; i += 1) balancer.publish(`allocation.${i}`, message.data);
    },
  });
  points.subscribe("allocation.*", {
    callback: (_error, message) => {
      done.push(performance.now() - json.decode(message.data).from);
      if (done.length % POINTS === 0) arrived.emit("all");
    },
  });
  await Promise.all([balancer.flush(), points.flush()]);
  for (let i = 0; i < SAMPLES * ROUNDS; i += 1) {
    const all = once(arrived, "all");
    meter.publish("reading", json.encode({ from: performance.now() }));
    await all;
    await wait(10);
  }
  await Promise.all([meter.close(), balancer.close(), points.close()]);
  return figuresOf(done);
}

async function wait(ms: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, ms));
}
