import t from "tap";
import { ModbusLines } from "../../services/meter/drivers/modbus-lines.ts";
import { openMeterDriver } from "../../services/meter/drivers/open.ts";
import type { MeterSpec } from "../../services/meter/meter.port.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { carrying, eastronAt, eastronShowing, rtuTcpSlave, serialSlave, tcpSlave } from "../support/modbus-bench.ts";
import { meterPortSuite } from "./meter-port.suite.ts";

const common = {
  role: "mains",
  pollMs: 200,
  mounting: { reversed: false, phaseRotation: ["l1", "l2", "l3"] },
} as const;
const noLines = new ModbusLines({}, { clock: systemClock });

meterPortSuite(t, "Modbus TCP", async t => {
  const { slave, address } = await tcpSlave(t);
  slave.add(10, eastronShowing({ now: carrying(7) }));
  const lines = new ModbusLines({ meters: address }, { clock: systemClock });
  const driver = openMeterDriver(eastronAt(10), { lines, clock: systemClock });
  return { driver, clock: systemClock, provoke: () => Promise.resolve(), isFed: false };
});

meterPortSuite(t, "Modbus RTU at 9600 baud", async t => {
  const { slave, address } = await serialSlave(t, 9_600);
  slave.add(10, eastronShowing({ now: carrying(7) }));
  const lines = new ModbusLines({ meters: address }, { clock: systemClock });
  const driver = openMeterDriver(eastronAt(10, { pollMs: 250 }), { lines, clock: systemClock });
  return { driver, clock: systemClock, provoke: () => Promise.resolve(), isFed: false };
});

meterPortSuite(t, "Modbus RTU over TCP", async t => {
  const { slave, address } = await rtuTcpSlave(t, 9_600);
  slave.add(10, eastronShowing({ now: carrying(7) }));
  const lines = new ModbusLines({ meters: address }, { clock: systemClock });
  const driver = openMeterDriver(eastronAt(10, { pollMs: 250 }), { lines, clock: systemClock });
  return { driver, clock: systemClock, provoke: () => Promise.resolve(), isFed: false };
});

meterPortSuite(t, "API", async () => {
  const clock = new ManualClock();
  const driver = openMeterDriver({ ...common, kind: "api" }, { lines: noLines, clock });
  return {
    driver,
    clock,
    provoke: async () => {
      clock.advance(2_000);
      driver.feed({ currentA: { l1: 3, l2: -1, l3: 0 }, totalPowerW: 460, importWh: null, exportWh: null });
    },
    isFed: true,
  };
});

meterPortSuite(t, "simulated", async () => {
  const clock = new ManualClock();
  const spec: MeterSpec = { ...common, kind: "simulated", baseA: 1.5, seed: 1 };
  const driver = openMeterDriver(spec, { lines: noLines, clock });
  return { driver, clock, provoke: async () => clock.advance(200), isFed: false };
});
