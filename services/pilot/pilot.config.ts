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
/** Those of them that can dim. */
const PWM_PINS = [3, 5, 6, 11] as const;
const ANALOG_PINS = ["A4", "A5"] as const;

const ledPins = z.strictObject({
  red: z.literal(PWM_PINS),
  green: z.literal(PWM_PINS),
  blue: z.literal(PWM_PINS),
});
export type LedPins = z.output<typeof ledPins>;

/** The pilot's part of the site file: one board of one charge point, and what is wired to its free pins. */
export const pilotConfig = z
  .strictObject({
    link,
    /** Pin of the relay that interrupts the control pilot line; null where none is fitted. */
    cpDisconnectPin: z.literal(FREE_PINS).nullable().default(5),
    /** The RGB LED; null where none is fitted. */
    led: ledPins.nullable().default({ red: 3, green: 6, blue: 11 }),
    /** The external switch, to ground; null where none is fitted. An open input is a switch that is not pressed. */
    switchPin: z
      .literal([...FREE_PINS, ...ANALOG_PINS])
      .nullable()
      .default("A4"),
    /** Analog pin of the temperature sensor (500 mV at 0 degC, 10 mV/K); null where none is fitted. */
    temperaturePin: z.literal(ANALOG_PINS).nullable().default(null),
    /** D8 is wired to an auxiliary contact of the main contactor: one that does not close is noticed. */
    contactFeedback: z.boolean().default(true),
  })
  .superRefine(({ cpDisconnectPin, led, switchPin, temperaturePin }, context) => {
    const wired: readonly (readonly [string, number | string | null])[] = [
      ["cpDisconnectPin", cpDisconnectPin],
      ["led.red", led?.red ?? null],
      ["led.green", led?.green ?? null],
      ["led.blue", led?.blue ?? null],
      ["switchPin", switchPin],
      ["temperaturePin", temperaturePin],
    ];
    for (const [index, [name, pin]] of wired.entries()) {
      const other = wired.slice(0, index).find(([, taken]) => taken === pin);
      if (pin === null || other === undefined) continue;
      context.addIssue({ code: "custom", path: name.split("."), message: `pin ${pin} is already ${other[0]}` });
    }
  });
export type PilotConfig = z.output<typeof pilotConfig>;

/** What hangs on the board's free pins and feedback, as far as decisions depend on it. */
export interface Fitted {
  readonly led: boolean;
  /** A switch or a temperature sensor. */
  readonly inputs: boolean;
  readonly temperature: boolean;
  readonly contactFeedback: boolean;
}

/** The firmware this service knows how to talk to. */
export const EXPECTED_FIRMWARE = { name: "EvsePilotFirmata", major: 1 } as const;

/** The pins of the site file by number: A4 and A5 are 18 and 19. */
export function pinsOf({ cpDisconnectPin, led, switchPin, temperaturePin }: PilotConfig) {
  return {
    cpDisconnectPin,
    ledPins: led === null ? null : ([led.red, led.green, led.blue] as const),
    switchPin: numberOf(switchPin),
    temperaturePin: numberOf(temperaturePin),
  };
}

export function fittedOf({ led, switchPin, temperaturePin, contactFeedback }: PilotConfig): Fitted {
  return {
    led: led !== null,
    inputs: switchPin !== null || temperaturePin !== null,
    temperature: temperaturePin !== null,
    contactFeedback,
  };
}

function numberOf(pin: number | "A4" | "A5" | null): number | null {
  return pin === "A4" ? 18 : pin === "A5" ? 19 : pin;
}
