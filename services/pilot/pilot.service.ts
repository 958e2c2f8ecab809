import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type Actor, startActor } from "../../shared/actor/actor.ts";
import { publish, subscribe } from "../../shared/bus/bus.ts";
import { evseGrant, pilotSensed } from "../../shared/contracts/pilot.ts";
import type { Clock } from "../../shared/time/clock.ts";
import type { Fitted } from "./pilot.config.ts";
import { pilot } from "./pilot.core.ts";
import type { BoardConnection, OpenBoard } from "./pilot.port.ts";
import { freshPilot, type PilotInput, type PilotOutput, type PilotState } from "./state.core.ts";

/** Fine enough for repetitions after 100 ms. */
const TICK_MS = 50;

export interface PilotOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly evseId: string;
  readonly openBoard: OpenBoard;
  /** What hangs on the board; left out: nothing that could be missed. */
  readonly fitted?: Fitted;
}

/** One board on the bus: grants in, `pilot`, commands to the board and sensed facts out. */
export function pilotService(options: PilotOptions): ServiceSchema {
  const { broker, clock, evseId, openBoard } = options;
  const log = broker.getLogger(`pilot-${evseId}`);
  let actor: Actor<PilotState, PilotInput> | null = null;
  let connection: BoardConnection | null = null;

  function perform(output: PilotOutput): void {
    switch (output.kind) {
      case "open":
        connection = openBoard({
          message: message => actor?.tell({ kind: "board", message }),
          closed: reason => actor?.tell({ kind: "closed", reason }),
        });
        return;
      case "close":
        connection?.close();
        connection = null;
        return;
      case "send":
        connection?.send(output.command);
        return;
      case "publish":
        publish(broker, pilotSensed, output.sensed);
        return;
      case "log":
        log[output.level]({ evseId, ...output.detail }, output.words);
        return;
    }
  }

  return {
    name: `pilot-${evseId}`,
    started() {
      actor = startActor<PilotState, PilotInput, PilotOutput>({
        initial: freshPilot(evseId, clock.now(), options.fitted),
        step: pilot,
        perform,
        clock,
        tick: { everyMs: TICK_MS, input: { kind: "tick" } },
      });
      actor.tell({ kind: "tick" });
    },
    stopped() {
      actor?.stop();
      // An orderly stop does not leave the opening to the watchdog.
      connection?.send({ kind: "switch-contactors", contactors: "open" });
      connection?.send({ kind: "drive-pilot", dutyPermille: 1000 });
      connection?.close();
      connection = null;
    },
    events: subscribe(
      evseGrant,
      grant => {
        if (grant.evseId === evseId) actor?.tell({ kind: "grant", grant });
      },
      evseId,
    ),
  };
}
