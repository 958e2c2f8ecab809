import { z } from "zod";
import { idSchema } from "../../shared/contracts/units.ts";
import { CAR_KIND_NAMES } from "./car-kinds.core.ts";

const port = z.number().int().min(1).max(65_535);

const carConfig = z
  .strictObject({
    kind: z.enum(CAR_KIND_NAMES),
    /** Seconds after the start at which it is plugged in; left out = only when told to. */
    plugAfterS: z.number().min(0).optional(),
    unplugAfterS: z.number().min(0).optional(),
    /** What it wants to take each time it is plugged in. */
    energyKWh: z.number().positive().max(200).default(40),
    /** Resistor in the plug of its cable: 100 = 63 A, 220 = 32 A, 680 = 16 A, 1500 = 13 A. */
    socketPpOhm: z.number().int().min(60).max(4_500).default(220),
  })
  .refine(car => car.unplugAfterS === undefined || car.unplugAfterS > (car.plugAfterS ?? 0), {
    message: "expected a time after plugAfterS",
    path: ["unplugAfterS"],
  });

const meterUnit = { port, unit: z.number().int().min(1).max(247) } as const;

/** The simulated site. Everything is listened on at `host`, which is the loopback interface unless it says otherwise. */
export const simulatorConfig = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  /** A virtual pilot board for each of these charge points. */
  boards: z.record(idSchema, z.strictObject({ port })).default({}),
  /** Modbus TCP slaves; several units may share a port, as meters share a line. */
  meters: z
    .array(
      z.discriminatedUnion("role", [
        z.strictObject({ ...meterUnit, role: z.literal("mains") }),
        z.strictObject({ ...meterUnit, role: z.literal("ev"), evseId: idSchema }),
      ]),
    )
    .default([]),
  cars: z.record(idSchema, carConfig).default({}),
  house: z
    .strictObject({
      kind: z.enum(["household", "flat", "quiet"]).default("household"),
      /** What flows on each phase all the time. */
      baseA: z.number().min(0).max(50).default(1.2),
      seed: z.number().int().min(0).max(1_000_000).default(1),
    })
    .prefault({}),
  roofPeakW: z.number().min(0).max(100_000).default(0),
  sky: z.enum(["clear", "clouds"]).default("clouds"),
  /** What happens when, in words: "at 60 s house l2 18". */
  scenario: z.array(z.string().min(1).max(200)).default([]),
  /** Simulated seconds per second, for house, roof and cars. Boards and meters' lines keep real time. */
  speed: z.number().int().min(1).max(60).default(1),
});
export type SimulatorConfig = z.output<typeof simulatorConfig>;
export type MeterPlace = SimulatorConfig["meters"][number];

/** Name of a simulated meter in scenario words: `mains`, `ev-left`. */
export function nameOfMeter(meter: MeterPlace): string {
  return meter.role === "mains" ? "mains" : `ev-${meter.evseId}`;
}
