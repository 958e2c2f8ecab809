import type { ServiceBroker, ServiceSchema } from "moleculer";
import { startActor } from "../../shared/actor/actor.ts";
import { tapPublished } from "../../shared/bus/taps.ts";
import { type EvseStatus, evseStatus } from "../../shared/contracts/evse.ts";
import type { Cancel, Clock } from "../../shared/time/clock.ts";
import { narrate } from "./narrator.core.ts";

export interface NarratorOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly say: (words: string) => void;
}

/** Says on the terminal what the charge points of this process do. */
export function narratorService({ broker, clock, say }: NarratorOptions): ServiceSchema {
  const narrator = startActor({ initial: {}, step: narrate, perform: say, clock });
  let untap: Cancel | null = null;
  return {
    name: "narrator",
    started() {
      untap = tapPublished(broker, (fact, payload) => {
        if (fact.name === evseStatus.name) narrator.tell(payload as EvseStatus);
      });
    },
    stopped() {
      untap?.();
      narrator.stop();
    },
  };
}
