import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { nodesOf, readSiteFile } from "../../shared/site/site-file.ts";

const projectDir = join(import.meta.dirname, "../..");

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly environment?: Readonly<Record<string, string>>; readonly volumes?: readonly string[] }>
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

t.test("the image is made of files that exist, and starts with node itself", async t => {
  const lines = readFileSync(join(projectDir, "docker/Dockerfile"), "utf8").split("\n");
  const copied = lines
    .filter(line => line.startsWith("COPY ") && !line.includes("--from"))
    .flatMap(line => line.split(" ").slice(1, -1));
  t.ok(copied.length > 5);
  for (const path of copied) t.ok(existsSync(join(projectDir, path)), path);
  t.equal(lines.filter(line => line.startsWith("CMD")).at(-1), 'CMD ["node", "start.mjs"]');
  const ignored = readFileSync(join(projectDir, ".dockerignore"), "utf8").split("\n");
  t.notOk(
    copied.some(path => ignored.includes(path)),
    "nothing that is copied is ignored",
  );
});

t.test("what the image holds is all that the tools need", async t => {
  const dockerfile = readFileSync(join(projectDir, "docker/Dockerfile"), "utf8");
  const image = t.testdir({ app: {} });
  const app = join(image, "app");
  const paths = dockerfile
    .slice(dockerfile.lastIndexOf("\nFROM"))
    .split("\n")
    .filter(line => line.startsWith("COPY ") && !line.includes("--from"))
    .flatMap(line => line.split(" ").slice(1, -1));
  for (const path of paths) cpSync(join(projectDir, path), join(app, path), { recursive: true });
  symlinkSync(join(projectDir, "node_modules"), join(app, "node_modules"));
  t.match(dockerfile, 'exec node /app/cli/main.ts "$@"', "the command of the image is the one of the project");
  const tools = ["meter/main", "board/main", "replay"].map(name => `await import("./cli/${name}.ts");`);
  const loaded = spawnSync(process.execPath, ["--input-type=module", "--eval", tools.join("")], { cwd: app });
  t.equal(loaded.status, 0, loaded.stderr.toString());
});

t.test("compose starts every node of the demo site, each with a data volume of its own", async t => {
  const text = readFileSync(join(projectDir, "docker/compose.yaml"), "utf8");
  const { services, volumes } = parse(text, { merge: true }) as Compose;
  const nodes = Object.entries(services).filter(([name]) => name !== "nats");
  t.equal(services["nats"]?.volumes?.[0], "nats:/data", "the server keeps its streams");
  const site = readSiteFile(join(projectDir, nodes[0]?.[1].environment?.["SITE"] ?? ""));
  t.strictSame(nodes.map(([, node]) => node.environment?.["NODE_ID"]).sort(), [...nodesOf(site)].sort());
  t.strictSame(
    nodes.map(([, node]) => node.volumes?.[0]).sort(),
    Object.keys(volumes)
      .filter(name => name !== "nats")
      .map(name => `${name}:/data`)
      .sort(),
  );
  for (const [name, node] of nodes) t.match(node.environment?.["NATS_URL"], /^nats:\/\/edge:\$\{NATS_PASSWORD/, name);
});
