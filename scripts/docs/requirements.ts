import { globSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const SOURCE = "docs/requirements.yaml";

const requirement = z.strictObject({
  id: z.string().regex(/^\d+(\.\d+)?-[0-9R][0-9a-z]*$/),
  says: z.string().min(1),
  /** Why nothing here has to fulfil it. */
  outside: z.string().min(1).optional(),
  /** What is missing, where nothing shows it yet. */
  open: z.string().min(1).optional(),
});
type Requirement = z.output<typeof requirement>;

const requirements = z.array(
  z.strictObject({ section: z.string(), title: z.string().min(1), rows: z.array(requirement).min(1) }),
);
type Sections = z.output<typeof requirements>;

/** A test that says which requirements it shows: its name ends in their numbers, "... [1.4-18, 1.9-4]". */
export interface Claim {
  readonly id: string;
  readonly file: string;
  readonly test: string;
}

const INTRODUCTION = `# Requirements and their tests

Written by \`npm run docs\` from [requirements.yaml](requirements.yaml) and the names of the tests; do not edit.

Each row is one statement about charging control, in short: the transition table of the charge states, the errors, the worked
examples of the power share, and the recommendations (R) that go beyond what controllers of this family do. Section numbers are
those that comments in the code cite as "spec control". A test claims a row by ending its name in the row's number:

\`\`\`ts
t.test("a car that leaves C opens the contactor with the same word: 9 V [1.4-18]", async t => {
\`\`\`

\`npm run check\` and \`npm test\` fail when a row has no test, or a test names a row that is not there.
`;

/** `docs/requirements.md`. */
export function requirementsPage(root: string): string {
  const sections = readSections(root);
  const claims = claimsIn(root);
  const rows = sections.flatMap(section => section.rows);
  const shown = rows.filter(row => row.open === undefined && row.outside === undefined).length;
  const open = rows.filter(row => row.open !== undefined);
  const outside = rows.filter(row => row.outside !== undefined).length;
  return [
    INTRODUCTION,
    `${rows.length} rows: ${shown} shown, ${outside} outside this project's scope, ${open.length} open.\n`,
    ...(open.length === 0 ? [] : ["## Open\n", ...open.map(row => `- ${row.id}: ${row.open ?? ""}`), ""]),
    ...sections.map(({ section, title, rows: own }) =>
      [
        `## ${section} ${title}\n`,
        "| Row | Requirement | Shown by |\n|---|---|---|",
        `${own.map(row => `| ${row.id} | ${cell(row.says)} | ${shownBy(row, claims)} |`).join("\n")}\n`,
      ].join("\n"),
    ),
  ].join("\n");
}

/** What keeps the page from being true, in words; empty = nothing. */
export function requirementProblems(root: string): readonly string[] {
  return problemsOf(readSections(root), claimsIn(root));
}

/** As `requirementProblems`, of given rows and claims. */
export function problemsOf(sections: Sections, claims: readonly Claim[]): readonly string[] {
  const rows = sections.flatMap(({ section, rows: own }) => own.map(row => ({ ...row, section })));
  const known = new Set(rows.map(row => row.id));
  const claimed = new Set(claims.map(claim => claim.id));
  return [
    ...rows.filter(row => !row.id.startsWith(`${row.section}-`)).map(row => `${row.id}: stands in ${row.section}`),
    ...[...known].filter(id => rows.filter(row => row.id === id).length > 1).map(id => `${id}: stands there twice`),
    ...rows
      .filter(row => !claimed.has(row.id) && row.open === undefined && row.outside === undefined)
      .map(row => `${row.id}: no test shows "${row.says}"; end a test's name in [${row.id}]`),
    ...rows
      .filter(row => claimed.has(row.id) && (row.open !== undefined || row.outside !== undefined))
      .map(row => `${row.id}: a test shows it, so it is neither open nor outside; correct ${SOURCE}`),
    ...claims
      .filter(claim => !known.has(claim.id))
      .map(claim => `${claim.file}: "${claim.test}" names ${claim.id}, which is not in ${SOURCE}`),
  ];
}

/** The claims of one test file's text. */
export function claimsOf(file: string, text: string): readonly Claim[] {
  const names = [...text.matchAll(/\btest\(\s*(["'`])(.*?)\1\s*,/gs)].map(match => match[2] ?? "");
  return names.flatMap(name => {
    const tag = /^(.*) \[([^\]]+)\]$/s.exec(name);
    if (tag?.[1] === undefined || tag[2] === undefined || !/^\d+(\.\d+)?-/.test(tag[2])) return [];
    const test = tag[1].replace(/\$\{[^}]*\}/g, "…");
    return tag[2].split(", ").map(id => ({ id, file, test }));
  });
}

function claimsIn(root: string): readonly Claim[] {
  return globSync("test/**/*.{test,suite}.ts", { cwd: root })
    .sort()
    .flatMap(file => claimsOf(file, readFileSync(`${root}/${file}`, "utf8")));
}

function readSections(root: string): Sections {
  return requirements.parse(parse(readFileSync(`${root}/${SOURCE}`, "utf8")));
}

function shownBy(row: Requirement, claims: readonly Claim[]): string {
  if (row.outside !== undefined) return `outside: ${cell(row.outside)}`;
  if (row.open !== undefined) return `**open**: ${cell(row.open)}`;
  return claims
    .filter(claim => claim.id === row.id)
    .map(({ file, test }) => `[${file.slice("test/".length)}](../${file}): ${cell(test)}`)
    .join("<br>");
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
