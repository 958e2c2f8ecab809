#!/usr/bin/env node
// The one door to every command. Runs on any Node from 18 on and without a single dependency: it installs what the
// project needs (its own Node 24 included), builds the page, and hands over to TypeScript run by that Node.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const web = join(root, "services", "api", "web");

const COMMANDS = {
  start: {
    page: true,
    run: args => ["start.mjs", ...args],
    help: "runs the demo site, or --site FILE, in one process",
  },
  site: { page: true, run: args => ["scripts/site.ts", ...args], help: "runs every node of a site as its own process" },
  test: { page: true, run: args => ["scripts/test.ts", ...args], help: "runs every test" },
  check: {
    page: false,
    run: args => ["scripts/check.ts", ...args],
    help: "format, lint, types, layers, docs, quick tests",
  },
  format: { page: false, run: args => ["scripts/format.ts", ...args], help: "formats the sources" },
  board: {
    page: false,
    caller: true,
    run: args => [join(root, "cli/main.ts"), "board", ...args],
    help: "flashes, tests and commissions a pilot board",
  },
  meter: {
    page: false,
    caller: true,
    run: args => [join(root, "cli/main.ts"), "meter", ...args],
    help: "reads, finds, decodes, records and replays meters",
  },
  replay: {
    page: false,
    caller: true,
    run: args => [join(root, "cli/main.ts"), "replay", ...args],
    help: "makes the decisions of a journal again",
  },
  node: { page: false, caller: true, run: args => args, help: "runs FILE with the project's Node" },
};

/** A refusal a person can act on: printed without a stack. */
class Refusal extends Error {}

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : undefined;
  if (command === undefined || (name === "node" && args.length === 0)) throw new Refusal(usage(name));
  await installWhenChanged();
  const node = findNode();
  const env = {
    // Compiled sources are kept between runs: half the start-up time of every process. It goes with node_modules.
    NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compiled"),
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
  };
  if (command.page) buildPageWhenChanged(node, env);
  // Files named to a tool or to `node` are meant from where the caller stands; the other commands belong to the project.
  handOver(node, command.run(args), command.caller ? process.cwd() : root, env);
}

function usage(name) {
  const lines = Object.entries(COMMANDS).map(([key, { help }]) => `  ${key.padEnd(7)} ${help}`);
  const wrong = name === undefined ? "a command is missing" : `there is no command "${name}", or its FILE is missing`;
  return `${wrong}; expected one of:\n${lines.join("\n")}`;
}

// --- install -----------------------------------------------------------------------------------------------------

/** `npm ci` once per lockfile: the stamp says which one node_modules was made from. */
async function installWhenChanged() {
  const stampFile = join(root, "node_modules", ".evse-stamp");
  const stamp = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8").trim() === stamp) return;
  if (isInstalled()) {
    writeFileSync(stampFile, `${stamp}\n`);
    return;
  }
  rmSync(stampFile, { force: true });
  say("installing what package-lock.json lists (about 20 s, only after a change)");
  const startedAt = Date.now();
  const progress = setInterval(() => say(`still installing, ${Math.round((Date.now() - startedAt) / 1000)} s`), 5_000);
  try {
    await npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  } finally {
    clearInterval(progress);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, `${stamp}\n`);
  say(`installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** Whether npm itself says that node_modules holds what the lockfile lists: after a developer's own `npm install`. */
function isInstalled() {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const { packages: installed } = JSON.parse(readFileSync(hidden, "utf8"));
  const { packages: listed } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(listed).every(([path, { version, optional }]) => {
    if (path === "") return true;
    const there = installed[path];
    return there === undefined ? optional === true : there.version === version && existsSync(join(root, path));
  });
}

function npm(args) {
  // Inside `npm start` this names npm's own script, so that exactly that npm is used.
  const script = process.env.npm_execpath;
  const [program, before] = script?.endsWith(".js") ? [process.execPath, [script]] : ["npm", []];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], { cwd: root, stdio: ["ignore", "inherit", "pipe"] });
    let errors = "";
    child.stderr.on("data", chunk => {
      errors += chunk;
    });
    child.on("error", error => {
      const missing = error.code === "ENOENT";
      reject(new Refusal(missing ? "npm was not found; install it together with Node 20 or newer" : error.message));
    });
    child.on("exit", code => (code === 0 ? resolve() : reject(new Refusal(whyNpmFailed(errors, code)))));
  });
}

function whyNpmFailed(errors, code) {
  // npm says first what is wrong and then, at length, how it is used.
  const [, said = ""] =
    /^([\s\S]*?)(?:npm error\s*\n)*npm error (?:Clean install|Usage|A complete log)|$/.exec(errors) ?? [];
  const detail = (said === "" ? errors : said).trim().split("\n").slice(0, 15).join("\n");
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(errors)) {
    return `the npm registry cannot be reached; check the network or the proxy setting of npm and run this again\n${detail}`;
  }
  if (/ENOSPC/.test(errors)) return `the disk is full; the installation needs about 500 MB\n${detail}`;
  if (/EACCES|EPERM/.test(errors)) return `${root} cannot be written to by this user\n${detail}`;
  return `npm ci failed (code ${code}); after a manual change of package.json run \`npm install\` once\n${detail}`;
}

// --- the right Node ----------------------------------------------------------------------------------------------

/** The project's own Node 24; else the running one where it strips types by itself (22.18). */
function findNode() {
  const own = join(bin, "node");
  if (existsSync(own) && spawnSync(own, ["--version"]).status === 0) return own;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  throw new Refusal(
    `no Node that runs TypeScript: this platform (${process.platform} ${process.arch}) gets none with the project, ` +
      `and the installed one is ${process.versions.node}; install Node 24`,
  );
}

// --- the page ----------------------------------------------------------------------------------------------------

/** The page is the only part that is built. A hash of its sources says when. */
function buildPageWhenChanged(node, env) {
  if (!existsSync(join(web, "vite.config.ts"))) return;
  const hash = createHash("sha256");
  for (const file of sourcesBelow(web)) hash.update(relative(web, file)).update("\0").update(readFileSync(file));
  const stamp = hash.update(readFileSync(join(root, "package-lock.json"))).digest("hex");
  const stampFile = join(web, "dist", ".evse-stamp");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8").trim() === stamp) return;
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  if (!existsSync(vite)) {
    // An installation without development packages (the image) brings the page it was built with.
    if (!existsSync(stampFile)) say("the page is not built and vite is not installed; going on without the page");
    return;
  }
  say("building the page");
  const built = spawnSync(node, [vite, "build", "--logLevel", "warn"], { cwd: web, env, encoding: "utf8" });
  if (built.status !== 0) throw new Refusal(`the page cannot be built:\n${built.stdout}${built.stderr}`.trim());
  writeFileSync(stampFile, `${stamp}\n`);
}

function sourcesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.name !== "dist" && entry.name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sourcesBelow(path) : [path];
    });
}

// --- handing over ------------------------------------------------------------------------------------------------

/** Runs the command and becomes it as far as possible: its signals, its exit code. */
function handOver(node, args, cwd, env) {
  const child = spawn(node, args, { cwd, env, stdio: "inherit" });
  // A terminal sends Ctrl-C to both of us, a supervisor only to this process; the commands bear to hear it twice.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", error => fail(new Refusal(`${node} cannot be started: ${error.message}`)));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + (constants.signals[signal] ?? 0)));
}

function say(words) {
  process.stdout.write(`edge-evse: ${words}\n`);
}

function fail(error) {
  process.stderr.write(`edge-evse: ${error instanceof Refusal ? error.message : (error.stack ?? error)}\n`);
  process.exit(1);
}

main().catch(fail);
