import { join } from "node:path";
import { ESLint } from "eslint";
import t from "tap";

// Each lint rule of our own, broken once.

const projectDir = join(import.meta.dirname, "../..");

interface LintCase {
  readonly how: string;
  readonly file: string;
  readonly code: string;
  readonly rule: string;
}

const CORE = "services/evse/evse.core.ts";
const SHELL = "services/evse/evse.service.ts";
const LINT: readonly LintCase[] = [
  {
    how: "an asynchronous core",
    file: CORE,
    code: "export async function f() { await 1; }",
    rule: "no-restricted-syntax",
  },
  {
    how: "an asynchronous arrow in a core",
    file: CORE,
    code: "export const f = async () => { await 1; };",
    rule: "no-restricted-syntax",
  },
  { how: "Date.now in a core", file: CORE, code: "export const f = () => Date.now();", rule: "no-restricted-syntax" },
  { how: "new Date() in a core", file: CORE, code: "export const f = () => new Date();", rule: "no-restricted-syntax" },
  {
    how: "Math.random in a core",
    file: CORE,
    code: "export const f = () => Math.random();",
    rule: "no-restricted-syntax",
  },
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "performance", "process", "console", "fetch"].map(
    name => ({
      how: `${name} in a core`,
      file: CORE,
      code: `export const f = () => ${name};`,
      rule: "no-restricted-globals",
    }),
  ),
  ...["emit", "broadcast", "broadcastLocal", "call", "mcall"].map(verb => ({
    how: `broker.${verb} outside shared/bus`,
    file: SHELL,
    code: `export const f = (broker: any) => { broker.${verb}("x"); };`,
    rule: "no-restricted-syntax",
  })),
  {
    how: "this.broker.broadcast outside shared/bus",
    file: SHELL,
    code: 'export const f = function (this: any) { this.broker.broadcast("x"); };',
    rule: "no-restricted-syntax",
  },
  { how: "== in a shell", file: SHELL, code: "export const f = (a: number) => a == 1;", rule: "eqeqeq" },
  { how: "console in a shell", file: SHELL, code: 'export const f = () => { console.log("x"); };', rule: "no-console" },
];

/** Type-aware rules need files of the project; those that look at syntax alone are tried on text. */
const eslint = new ESLint({
  cwd: projectDir,
  overrideConfig: [
    {
      files: ["**/*.ts"],
      languageOptions: { parserOptions: { projectService: false, project: null } },
      rules: {},
    },
  ],
  ruleFilter: ({ ruleId }) => !ruleId.startsWith("@typescript-eslint/"),
});

for (const { how, file, code, rule } of LINT) {
  t.test(`lint: ${how}`, async t => {
    const [result] = await eslint.lintText(code, { filePath: join(projectDir, file) });
    const fatal = result?.messages.find(message => message.fatal);
    t.equal(fatal, undefined, "the case parses");
    t.ok(
      result?.messages.some(message => message.ruleId === rule),
      `${rule} fires`,
    );
  });
}

t.test("lint: what a core and a shell may do passes", async t => {
  const core = await eslint.lintText("export const f = (now: number) => new Date(now);", {
    filePath: join(projectDir, CORE),
  });
  const bus = await eslint.lintText('export const f = (broker: any) => { broker.broadcast("x"); };', {
    filePath: join(projectDir, "shared/bus/bus.ts"),
  });
  t.strictSame([...(core[0]?.messages ?? []), ...(bus[0]?.messages ?? [])], []);
});
