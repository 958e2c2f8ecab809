import { ServiceBroker } from "moleculer";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { tcpLink } from "../../services/pilot/drivers/link-tcp.ts";
import { pilotService } from "../../services/pilot/pilot.service.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { evseGrant, pilotSensed } from "../../shared/contracts/pilot.ts";
import { systemClock } from "../../shared/time/clock.ts";

/**
 * A host process of its own: the product's pilot service on a TCP port, and a control loop that grants 16 A. As an evse
 * does, it withdraws the permission once when the board has opened by itself.
 */
const port = Number(process.argv[2]);
const evseId = "left";
const broker = new ServiceBroker({ logger: false, nodeID: "pilot-host" });
const openBoard = firmataBoard({ openLink: tcpLink({ host: "127.0.0.1", port }), cpDisconnectPin: 5 });
broker.createService(pilotService({ broker, clock: systemClock, evseId, openBoard }));

let told = "";
let openedLocally = false;
broker.createService({
  name: "ear",
  events: subscribe(pilotSensed, ({ link, cp, contactorL1, ...sensed }) => {
    ({ openedLocally } = sensed);
    const words = `link ${link}, cp ${cp}, contactor ${contactorL1 ? "closed" : "open"}`;
    if (words !== told) console.log(words);
    told = words;
  }),
});
await broker.start();

let sequence = 0;
systemClock.every(250, () => {
  sequence++;
  const contactors = !openedLocally;
  publish(broker, evseGrant, {
    ...{ evseId, sequence, pilot: "offer", offerA: 16, contactorL1: contactors },
    ...{ contactorL23: contactors, acknowledge: false, lifetimeMs: 1_000 },
  });
});
