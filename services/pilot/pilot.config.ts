import { z } from "zod";

const BAUD_RATES = [57_600, 115_200] as const;

/** How the board is reached. */
const link = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("serial"),
    /** Prefer /dev/serial/by-id/...: it stays the same after a replug. */
    path: z.string().min(1),
    baudRate: z.literal(BAUD_RATES).default(57_600),
  }),
  z.strictObject({
    kind: z.literal("tcp"),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.number().int().min(1).max(65_535),
  }),
]);
export type LinkConfig = z.output<typeof link>;

/** Pins that the firmware leaves free for a relay. */
const FREE_PINS = [3, 5, 6, 11, 13] as const;

/** The pilot's part of the site file: one board of one charge point. */
export const pilotConfig = z.strictObject({
  link,
  /** Pin of the relay that interrupts the control pilot line; null where none is fitted. */
  cpDisconnectPin: z.literal(FREE_PINS).nullable().default(5),
});
export type PilotConfig = z.output<typeof pilotConfig>;

/** The firmware this service knows how to talk to. */
export const EXPECTED_FIRMWARE = { name: "EvsePilotFirmata", major: 1 } as const;
