import { z } from "zod";
import type { Fact, Request } from "../../shared/contracts/define.ts";
import { allFacts, allRequests } from "../../shared/contracts/index.ts";
import { type Field, fieldsOf, type JsonSchema } from "./schema-table.ts";

const INTRODUCTION = `# Contracts

Written by \`npm run docs\` from \`shared/contracts\`; do not edit.

A **fact** is a service's present view of something it owns: broadcast, repeated, and believed only for its lifetime, counted by
the receiver from receipt on its own monotonic clock. A **request** asks an owner to decide. Inside, both travel over Moleculer;
outside, every fact is plain JSON on a NATS subject \`edge.<site>.<service>.<id>.<fact>\`, readable with any NATS client:

\`\`\`sh
nats sub 'edge.*.meter.>'    # every meter of every site
\`\`\`

Fields and words of a list may be added; nothing is redefined. Ignore what you do not know.
`;

type Schemas = Readonly<Record<string, JsonSchema>>;

/** JSON Schemas by contract name: the snapshot that contract tests hold the code against. */
export function contractSchemas(): Readonly<Record<string, Schemas>> {
  const facts = allFacts.map((fact): [string, Schemas] => [fact.name, { payload: schemaOf(fact.payload) }]);
  const requests = allRequests.map((request): [string, Schemas] => [
    request.name,
    { params: schemaOf(request.params), result: schemaOf(request.result) },
  ]);
  return Object.fromEntries([...facts, ...requests]);
}

/** `docs/contracts.md`. */
export function contractsPage(): string {
  const overview = allFacts.map(
    fact =>
      `| [\`${fact.name}\`](#${anchor(fact.name)}) | ${fact.title} | ${rhythm(fact)} | ${lifetime(fact)} | \`${subjectOf(fact)}\` |`,
  );
  const asked = allRequests.map(
    request => `| [\`${request.name}\`](#${anchor(request.name)}) | ${request.title} | ${seconds(request.timeoutMs)} |`,
  );
  return [
    INTRODUCTION,
    "## Facts\n",
    "| Fact | | Repeated | Believed for | NATS subject |\n|---|---|---|---|---|",
    `${overview.join("\n")}\n`,
    "## Requests\n",
    "| Request | | Time-out |\n|---|---|---|",
    `${asked.join("\n")}\n`,
    ...allFacts.map(factSection),
    ...allRequests.map(requestSection),
  ].join("\n");
}

function factSection(fact: Fact): string {
  return [
    `## ${fact.name}\n`,
    `${fact.title}. ${capital(rhythm(fact))}; believed for: ${lifetime(fact)}.`,
    `Example on \`${subjectOf(fact, fact.idOf(fact.example))}\`:\n`,
    json(fact.example),
    table(schemaOf(fact.payload)),
  ].join("\n");
}

function requestSection(request: Request): string {
  return [
    `## ${request.name}\n`,
    `${request.title}. Time-out ${seconds(request.timeoutMs)}. Example:\n`,
    json(request.example),
    "Asked with:\n",
    table(schemaOf(request.params)),
    "Answered with:\n",
    table(schemaOf(request.result)),
  ].join("\n");
}

function subjectOf(fact: Fact, id = "<id>"): string {
  const [service, ...name] = fact.name.split(".");
  return `edge.<site>.${service ?? ""}.${id}.${name.join(".")}`;
}

function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }) as JsonSchema;
}

function table(schema: JsonSchema): string {
  const row = ({ path, type, optional }: Field) => `| \`${path}\` | ${type}${optional ? ", may be missing" : ""} |`;
  return `| Field | Type |\n|---|---|\n${fieldsOf(schema).map(row).join("\n")}\n`;
}

const rhythm = (fact: Fact) => (fact.everyMs === null ? "once" : `every ${seconds(fact.everyMs)}, and on change`);
const lifetime = (fact: Fact) => (fact.expiresAfterMs === null ? "until replaced" : seconds(fact.expiresAfterMs));
const seconds = (ms: number) => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);
const anchor = (name: string) => name.replaceAll(".", "");
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const json = (value: unknown) => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\`\n`;
