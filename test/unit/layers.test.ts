import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from "dependency-cruiser";
import t from "tap";

const projectDir = join(import.meta.dirname, "../..");
interface Configuration {
  readonly options: ICruiseOptions;
  readonly forbidden: NonNullable<IFlattenedRuleSet["forbidden"]>;
}
const configurationFile = new URL("../../.dependency-cruiser.mjs", import.meta.url).href;
const { default: configuration } = (await import(configurationFile)) as { default: Configuration };
const { options, forbidden } = configuration;

interface Teardown {
  teardown(run: () => void): unknown;
}

/** A small tree that keeps every rule; each case below breaks one. */
const CLEAN: Readonly<Record<string, string>> = {
  "shared/errors.ts": "export class EvseError extends Error {}\n",
  "shared/actor/actor.ts": "export interface Step { state: number }\nexport const startActor = (): number => 1;\n",
  "shared/time/clock.ts": "export type Instant = number;\nexport const systemClock = 1;\n",
  "shared/contracts/meter.ts": 'import { z } from "zod";\nexport const reading = z.object({});\n',
  "shared/contracts/index.ts": 'import { reading } from "./meter.ts";\nexport const all = [reading];\n',
  "shared/bus/bus.ts": 'import { ServiceBroker } from "moleculer";\nexport const publish = ServiceBroker;\n',
  "services/meter/meter.core.ts":
    'import type { Step } from "../../shared/actor/actor.ts";\nimport { reading } from "../../shared/contracts/meter.ts";\n' +
    "export const decide = (step: Step): unknown => [step, reading];\n",
  "services/meter/meter.port.ts": "export interface Driver { read(): number }\n",
  "services/meter/meter.service.ts":
    'import { ServiceBroker } from "moleculer";\nimport { decide } from "./meter.core.ts";\nimport type { Driver } from "./meter.port.ts";\n' +
    "export const meterService = (driver: Driver): unknown => [driver, decide, ServiceBroker];\n",
  "services/meter/drivers/modbus.ts":
    'import { EvseError } from "../../../shared/errors.ts";\nimport type { Driver } from "../meter.port.ts";\n' +
    "export const driver: Driver = { read: () => { throw new EvseError(); } };\n",
  "services/evse/evse.core.ts": "export const charge = 1;\n",
  "services/registry.ts":
    'import { meterService } from "./meter/meter.service.ts";\nimport { driver } from "./meter/drivers/modbus.ts";\nexport const all = meterService(driver);\n',
  "main.ts": 'import { all } from "./services/registry.ts";\nexport const run = all;\n',
  "test/unit/meter.test.ts":
    'import { decide } from "../../services/meter/meter.core.ts";\nexport const seen = decide;\n',
};

interface Violation {
  readonly breaks: string;
  readonly how: string;
  readonly files: Readonly<Record<string, string>>;
}

const VIOLATIONS: readonly Violation[] = [
  {
    breaks: "core-is-pure",
    how: "a core that reads files",
    files: {
      "services/evse/evse.core.ts": 'import { readFileSync } from "node:fs";\nexport const charge = readFileSync;\n',
    },
  },
  {
    breaks: "core-is-pure",
    how: "a core that knows the bus",
    files: {
      "services/evse/evse.core.ts":
        'import { publish } from "../../shared/bus/bus.ts";\nexport const charge = publish;\n',
    },
  },
  {
    breaks: "core-knows-no-shell",
    how: "a core that knows its driver",
    files: {
      "services/meter/meter.core.ts": 'import { driver } from "./drivers/modbus.ts";\nexport const decide = driver;\n',
      "services/meter/meter.service.ts": "export const meterService = (driver: unknown): unknown => driver;\n",
    },
  },
  {
    breaks: "core-takes-time-as-argument",
    how: "a core that takes the clock itself instead of its type",
    files: {
      "services/evse/evse.core.ts":
        'import { systemClock } from "../../shared/time/clock.ts";\nexport const charge = systemClock;\n',
    },
  },
  {
    breaks: "services-meet-on-the-bus",
    how: "a service that reaches into another",
    files: {
      "services/evse/evse.service.ts":
        'import { decide } from "../meter/meter.core.ts";\nexport const evseService = decide;\n',
    },
  },
  {
    breaks: "shell-does-not-choose-its-driver",
    how: "a shell that picks its driver",
    files: {
      "services/meter/meter.service.ts":
        'import { driver } from "./drivers/modbus.ts";\nexport const meterService = (): unknown => driver;\n',
    },
  },
  {
    breaks: "driver-knows-only-its-port",
    how: "a driver that publishes by itself",
    files: {
      "services/meter/drivers/modbus.ts":
        'import { publish } from "../../../shared/bus/bus.ts";\nexport const driver = { read: (): unknown => publish };\n',
    },
  },
  {
    breaks: "driver-knows-only-its-port",
    how: "a driver that decides with the service's core",
    files: {
      "services/meter/drivers/modbus.ts":
        'import { decide } from "../meter.core.ts";\nexport const driver = { read: (): unknown => decide };\n',
    },
  },
  {
    breaks: "contracts-stand-alone",
    how: "a contract that needs more than zod",
    files: {
      "shared/contracts/meter.ts": 'import { EvseError } from "../errors.ts";\nexport const reading = EvseError;\n',
    },
  },
  {
    breaks: "moleculer-at-the-rim",
    how: "a driver that knows the framework",
    files: {
      "services/meter/drivers/modbus.ts":
        'import { ServiceBroker } from "moleculer";\nexport const driver = { read: (): unknown => ServiceBroker };\n',
    },
  },
  {
    breaks: "moleculer-at-the-rim",
    how: "even a type of the framework in a core",
    files: {
      "services/evse/evse.core.ts":
        'import type { ServiceBroker } from "moleculer";\nexport const charge = (b: ServiceBroker): unknown => b;\n',
    },
  },
  {
    breaks: "shared-serves",
    how: "shared code that needs a service",
    files: {
      "shared/errors.ts":
        'import { charge } from "../services/evse/evse.core.ts";\nexport class EvseError extends Error { c = charge; }\n',
    },
  },
  {
    breaks: "production-never-imports-tests",
    how: "production that leans on a test helper",
    files: {
      "test/support/fake.ts": "export const fake = 1;\n",
      "main.ts": 'import { fake } from "./test/support/fake.ts";\nexport const run = fake;\n',
    },
  },
  {
    breaks: "no-cycles",
    how: "two files that need each other",
    files: {
      "shared/actor/actor.ts":
        'import { other } from "./other.ts";\nexport interface Step { state: number }\nexport const startActor = other;\n',
      "shared/actor/other.ts":
        'import { startActor } from "./actor.ts";\nexport const other: unknown = () => startActor;\n',
    },
  },
  {
    breaks: "unresolvable",
    how: "an import that leads nowhere",
    files: { "main.ts": 'import { gone } from "./gone.ts";\nexport const run = gone;\n' },
  },
];

t.test("a tree that keeps the layers passes", async t => {
  t.strictSame(await brokenRules(t, {}), []);
});

for (const { breaks, how, files } of VIOLATIONS) {
  t.test(`${breaks}: ${how}`, async t => {
    t.ok((await brokenRules(t, files)).includes(breaks), `${breaks} fires`);
  });
}

t.test("every rule of the configuration has a violation here", async t => {
  const proven = new Set(VIOLATIONS.map(violation => violation.breaks));
  t.strictSame(
    forbidden.map(rule => rule.name ?? "").filter(name => !proven.has(name)),
    [],
  );
});

async function brokenRules(t: Teardown, changes: Readonly<Record<string, string>>): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), "evse-layers-"));
  t.teardown(() => {
    rmSync(dir, { recursive: true });
  });
  symlinkSync(join(projectDir, "node_modules"), join(dir, "node_modules"));
  for (const [path, text] of Object.entries({ ...CLEAN, ...changes })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const roots = ["main.ts", "services", "shared", "test"];
  const result = await cruise(roots, { ...options, baseDir: dir, validate: true, ruleSet: { forbidden } });
  return (result.output as ICruiseResult).summary.violations.map(violation => violation.rule.name);
}
