import { z } from "zod";
import { type MeterRole, meterRole } from "../../shared/contracts/meter.ts";
import { idSchema, PHASES } from "../../shared/contracts/units.ts";
import { didYouMean } from "../../shared/nearest.ts";
import { meterProfiles, profileNamed } from "./modbus/profiles.ts";
import { SUNSPEC } from "./modbus/sunspec.core.ts";
import { addressOf, problemsOfSource, type SourceDriver, sourceDrivers } from "./sources/source.config.ts";

/** Roles whose meter a person chooses in the menu. */
const MENU_ROLES: readonly MeterRole[] = ["mains", "circuit", "ev"];
/** The mains decides on every charge point; what else is read shares its line. */
const MAINS_POLL_MS = 1_000;
const OTHER_POLL_MS = 2_000;

const typeNames = [SUNSPEC.key, ...meterProfiles.flatMap(({ key, label }) => (key === label ? [key] : [key, label]))];

/** Which driver reads the meter. */
const driver = z.discriminatedUnion("kind", [
  /** Type and address are settings: MAINS MET and MAINS ADR, EV METER and EV ADR, CIRCT MET and CIRCT ADR. */
  z.strictObject({
    kind: z.literal("setting"),
    line: idSchema.optional(),
    /** Where the HomeWizard meter is that MAINS MET may choose. */
    homewizardUrl: addressOf(["http:"], "http://192.168.1.20").optional(),
  }),
  z.strictObject({
    kind: z.literal("modbus"),
    /** Key of docs/meters.md, or the text of the menu. */
    type: z.string().refine(name => name === SUNSPEC.key || profileNamed(name) !== undefined, {
      error: ({ input }) =>
        `no Modbus meter is called ${String(input)}${didYouMean(String(input), typeNames)}; docs/meters.md lists them`,
    }),
    address: z.number().int().min(1).max(247),
    line: idSchema.optional(),
  }),
  z.strictObject({ kind: z.literal("api") }),
  ...sourceDrivers,
  z.strictObject({
    kind: z.literal("simulated"),
    /** Average of the small loads per phase. */
    baseA: z.number().min(0).max(20).default(1.5),
    seed: z.number().int().min(0).max(2_147_483_647).default(1),
  }),
]);

/** A meter's part of the site file. */
export const meterConfig = z
  .strictObject({
    role: meterRole,
    /** The charge point whose draw it measures: for the role ev, and only there. */
    evseId: idSchema.optional(),
    driver: driver.default({ kind: "setting" }),
    pollMs: z.number().int().min(200).max(60_000).optional(),
    /** House phase on which each of the meter's terminals L1, L2, L3 sits. */
    phaseRotation: z
      .tuple([z.enum(PHASES), z.enum(PHASES), z.enum(PHASES)])
      .refine(list => new Set(list).size === 3, "expected each of l1, l2, l3 once")
      .default(["l1", "l2", "l3"]),
    /** The meter is wired with supply and load exchanged. */
    reversed: z.boolean().default(false),
  })
  .superRefine(({ role, evseId, driver }, context) => {
    const { kind } = driver;
    const refuse = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    if (role === "ev" && evseId === undefined) refuse(["evseId"], "expected the charge point of a meter of role ev");
    if (role !== "ev" && evseId !== undefined) refuse(["evseId"], `only a meter of role ev has one, not ${role}`);
    if (kind === "setting" && !MENU_ROLES.includes(role)) {
      refuse(["driver", "kind"], `setting is for the roles ${MENU_ROLES.join(", ")}, not ${role}`);
    }
    if (isSource(driver)) {
      for (const [key, words] of problemsOfSource(driver)) refuse(["driver", key], words);
    }
    if (kind === "simulated" && role !== "mains" && role !== "circuit") {
      refuse(["driver", "kind"], `a simulated household is for the roles mains, circuit, not ${role}`);
    }
  })
  .transform(config => ({
    ...config,
    pollMs: config.pollMs ?? (config.role === "mains" ? MAINS_POLL_MS : OTHER_POLL_MS),
  }));
export type MeterConfig = z.output<typeof meterConfig>;

/** Whether a driver is one of those that read no table of Modbus registers. */
export function isSource(wanted: z.output<typeof driver>): wanted is SourceDriver {
  return sourceDrivers.some(({ shape }) => shape.kind.value === wanted.kind);
}
