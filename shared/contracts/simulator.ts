import { z } from "zod";
import { defineFact, defineRequest, type PayloadOf } from "./define.ts";
import { idSchema, phaseCurrentsA } from "./units.ts";

/** The truth of the simulated site, for the page and for tests. Nothing on the control path listens to it. */
export const simulatorTruth = defineFact({
  name: "simulator.truth",
  title: "The simulated site as it really is",
  payload: z
    .object({
      mainsA: phaseCurrentsA,
      houseA: phaseCurrentsA,
      roofW: z.number().min(0),
      cars: z
        .array(
          z
            .object({
              evseId: idSchema,
              plugged: z.boolean(),
              pilot: z.enum(["A", "B", "C"]),
              drawA: z.number().min(0),
              phases: z.number().int().min(0).max(3),
              energyWh: z.number().min(0),
            })
            .readonly(),
        )
        .readonly(),
    })
    .readonly(),
  everyMs: 1_000,
  expiresAfterMs: 5_000,
  idOf: () => "site",
  example: {
    mainsA: { l1: 14.2, l2: 24.8, l3: 9.1 },
    houseA: { l1: 3, l2: 13.6, l3: 0.2 },
    roofW: 0,
    cars: [{ evseId: "left", plugged: true, pilot: "C", drawA: 11.2, phases: 3, energyWh: 4210 }],
  },
});
export type SimulatorTruth = PayloadOf<typeof simulatorTruth>;

/** A scenario line in words: "house l2 18", "plug left", "unplug left", "meter mains silent", "board left reset". */
export const simulatorCommand = defineRequest({
  name: "simulator.command",
  title: "Tells the simulated site something, in words",
  params: z.object({ words: z.string().min(1).max(200) }).readonly(),
  result: z.object({ done: z.string() }).readonly(),
  timeoutMs: 1_000,
  example: { words: "house l2 18" },
});
