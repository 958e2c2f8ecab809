import { ServiceBroker } from "moleculer";
import t from "tap";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { type MeterReading, meterReading } from "../../shared/contracts/meter.ts";
import { type EvseGrant, evseGrant } from "../../shared/contracts/pilot.ts";
import { natsUrl, startNats, until } from "../support/servers.ts";

t.test("a grant stays in its process, and one from another node is not believed", async t => {
  const nats = await startNats(t);
  const grants: EvseGrant[] = [];
  const readings: MeterReading[] = [];
  const heard = {
    ...subscribe(evseGrant, grant => void grants.push(grant)),
    ...subscribe(meterReading, reading => void readings.push(reading)),
  };
  const [here, there] = ["here", "there"].map(nodeID => {
    const options = natsOptions(natsUrl(nats.port));
    const broker = new ServiceBroker({
      nodeID,
      namespace: "bus",
      logger: false,
      transporter: { type: "NATS", options },
    });
    t.teardown(() => broker.stop());
    return broker;
  }) as [ServiceBroker, ServiceBroker];
  here.createService({ name: "board", events: heard });
  there.createService({ name: "stranger" });
  await Promise.all([here.start(), there.start()]);
  await there.waitForServices("board");

  publish(there, evseGrant, evseGrant.example);
  // What a node of another make would send, past our own door.
  await there.broadcast(`${evseGrant.name}.${evseGrant.example.evseId}`, evseGrant.example);
  publish(there, meterReading, meterReading.example);
  await until("the reading, sent last, arrives", () => readings.length > 0);
  t.equal(grants.length, 0);
  publish(here, evseGrant, evseGrant.example);
  t.equal(grants.length, 1);
});
