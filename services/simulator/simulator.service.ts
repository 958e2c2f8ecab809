import type { ServiceBroker, ServiceSchema } from "moleculer";
import { startActor } from "../../shared/actor/actor.ts";
import { answer, publish } from "../../shared/bus/bus.ts";
import { simulatorCommand, simulatorTruth } from "../../shared/contracts/simulator.ts";
import { CommandRefused } from "../../shared/errors.ts";
import type { ChargePoint } from "../../shared/site/site-file.ts";
import type { Clock } from "../../shared/time/clock.ts";
import { describe, parseCommand } from "./scenario.core.ts";
import type { SimulatorConfig } from "./simulator.config.ts";
import type { BoardDrives, SimulatedBoard, SimulatedMeters } from "./simulator.port.ts";
import { advanceSite } from "./site.core.ts";
import { namesOf, planSite } from "./site-plan.ts";
import { initialSite, type SiteInput, type SiteOutput, type SiteState, STEP_S } from "./site-state.core.ts";

interface SimulatorOptions {
  readonly broker: ServiceBroker;
  readonly clock: Clock;
  readonly config: SimulatorConfig;
  readonly site: { readonly file: string; readonly chargePoints: readonly ChargePoint[] };
  /** By charge point. */
  readonly boards: ReadonlyMap<string, SimulatedBoard>;
  readonly meters: SimulatedMeters;
}

/** The simulated site: house, roof, cars, and the boards and meters through which the product sees them. */
export function simulatorService(options: SimulatorOptions): ServiceSchema {
  const { broker, clock, config, boards, meters } = options;
  const log = broker.getLogger("simulator");
  const names = namesOf(config);
  const actor = startActor<SiteState, SiteInput, SiteOutput>({
    initial: initialSite(planSite(config, options.site)),
    step: advanceSite,
    perform,
    clock,
  });
  let stopTicking = (): void => undefined;

  function perform(output: SiteOutput): void {
    switch (output.kind) {
      case "present":
        boards.get(output.evseId)?.present(output.car);
        return;
      case "disturb":
        boards.get(output.evseId)?.disturb(output.order);
        return;
      case "warm":
        boards.get(output.evseId)?.warm(output.temperatureC);
        return;
      case "weld":
        boards.get(output.evseId)?.weld(output.welded);
        return;
      case "show":
        meters.show(output.meter, output.values);
        return;
      case "answers":
        meters.answers(output.meter, output.whether);
        return;
      case "truth":
        publish(broker, simulatorTruth, output.truth);
        return;
      case "told":
        log.info({ scenario: output.words }, output.done);
    }
  }

  function drives(): Record<string, BoardDrives> {
    return Object.fromEntries([...boards].map(([evseId, board]) => [evseId, board.drives]));
  }

  return {
    name: "simulator",
    actions: answer(simulatorCommand, ({ words }) => {
      const parsed = parseCommand(words, names);
      if (!parsed.ok) throw new CommandRefused(parsed.error);
      actor.tell({ kind: "command", command: parsed.value });
      const done = describe(parsed.value);
      log.info({ told: words }, done);
      return { done };
    }),
    async started() {
      for (const board of boards.values()) await board.open();
      await meters.open();
      stopTicking = clock.every(STEP_S * 1_000, () => {
        actor.tell({ kind: "tick", boards: drives() });
      });
    },
    async stopped() {
      stopTicking();
      actor.stop();
      for (const board of boards.values()) await board.close();
      await meters.close();
    },
  };
}
