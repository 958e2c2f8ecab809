import { ServiceBroker } from "moleculer";
import { firmataBoard } from "../../services/pilot/drivers/firmata-board.ts";
import { serialLink } from "../../services/pilot/drivers/link-serial.ts";
import { tcpLink } from "../../services/pilot/drivers/link-tcp.ts";
import { pilotService } from "../../services/pilot/pilot.service.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { evseGrant, pilotSensed } from "../../shared/contracts/pilot.ts";
import { systemClock } from "../../shared/time/clock.ts";

/**
 * A host process of its own: the product's pilot service for each `id=port` (TCP) or `id=path` (serial), and a control
 * loop that grants 16 A. As an evse does, it withdraws the permission once when a board has opened by itself; as a
 * person does, it acknowledges a residual current once it is gone.
 */
interface Seen {
  told: string;
  openedLocally: boolean;
  acknowledge: boolean;
}

const broker = new ServiceBroker({ logger: false, nodeID: "pilot-host" });
const points = new Map<string, Seen>();
for (const argument of process.argv.slice(2)) {
  const [evseId = "", address = ""] = argument.split("=");
  const port = Number(address);
  const openLink = Number.isNaN(port)
    ? serialLink({ path: address, baudRate: 57_600 })
    : tcpLink({ host: "127.0.0.1", port });
  const openBoard = firmataBoard({ openLink, cpDisconnectPin: 5 });
  broker.createService(pilotService({ broker, clock: systemClock, evseId, openBoard }));
  points.set(evseId, { told: "", openedLocally: false, acknowledge: false });
}

broker.createService({
  name: "ear",
  events: subscribe(pilotSensed, ({ evseId, link, cp, contactorL1, openedLocally, faults }) => {
    const seen = points.get(evseId);
    if (seen === undefined) return;
    seen.openedLocally = openedLocally;
    seen.acknowledge = faults.includes("rcm-trip") && !faults.includes("rcm-line");
    const contactor = contactorL1 ? "closed" : "open";
    const words = `${evseId}: link ${link}, cp ${cp}, contactor ${contactor}, faults ${faults.join(" ") || "none"}`;
    if (words !== seen.told) console.log(words);
    seen.told = words;
  }),
});
await broker.start();

let sequence = 0;
systemClock.every(250, () => {
  sequence++;
  for (const [evseId, { openedLocally, acknowledge }] of points) {
    const contactors = !openedLocally;
    publish(broker, evseGrant, {
      ...{ evseId, sequence, pilot: "offer", offerA: 16, contactorL1: contactors },
      ...{ contactorL23: contactors, acknowledge, acknowledgeRcm: false },
      ...{ lock: null, rcmTest: null, led: { rgb: [0, 0, 0], pattern: "steady" }, lifetimeMs: 1_000 },
    });
  }
});
