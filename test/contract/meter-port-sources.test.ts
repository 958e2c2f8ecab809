import t from "tap";
import { systemClock } from "../../shared/time/clock.ts";
import {
  httpBench,
  type MakeBench,
  mqttColonBench,
  mqttJsonBench,
  natsBench,
  p1EncryptedSerialBench,
  p1SerialBench,
  p1TcpBench,
  pulseBench,
  sensorboxBench,
  smlSerialBench,
  smlTcpBench,
  speedwireBench,
} from "../support/source-bench.ts";
import { meterPortSuite } from "./meter-port.suite.ts";

// Most of the time here is waiting for servers to start: the tests wait together.
t.jobs = 2;

const kinds: Readonly<Record<string, MakeBench>> = {
  "Sensorbox 2 on Modbus TCP": sensorboxBench("tcp"),
  "Sensorbox 1.5 behind a serial gateway": sensorboxBench("rtu-tcp", "1.5"),
  "HomeWizard over HTTP": httpBench,
  "P1 on a serial cable": p1SerialBench,
  "P1 through a network adapter": p1TcpBench,
  "P1, encrypted, on a serial cable": p1EncryptedSerialBench,
  "SML from a reading head": smlSerialBench,
  "SML through a network adapter": smlTcpBench,
  "Tibber Pulse through its bridge": pulseBench,
  "SMA Speedwire": speedwireBench,
  "MQTT, L1:L2:L3": mqttColonBench,
  "MQTT, JSON": mqttJsonBench,
  "NATS, a program of its own": natsBench,
};

for (const [name, make] of Object.entries(kinds)) {
  meterPortSuite(t, name, async t => {
    const bench = await make(t);
    // Whoever speaks by itself says something every now and then, heard or not.
    const cancel = systemClock.every(40, () => bench.say(bench.message(7)));
    t.teardown(cancel);
    return { driver: bench.driver, clock: systemClock, provoke: () => Promise.resolve(), isFed: false };
  });
}
