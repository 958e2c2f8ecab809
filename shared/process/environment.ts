import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { idSchema } from "../contracts/units.ts";
import { messageOf, StartRefused } from "../errors.ts";

/** What the command line and the environment say about this process. The site file says the rest. */
export interface Environment {
  readonly siteFile: string;
  /** The node of the site file this process is; undefined = all of them in one process. */
  readonly node: string | undefined;
  readonly dataDir: string;
  /** Replaces the page's port of the site file. */
  readonly httpPort: number | undefined;
  readonly natsUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Whether the charge points are told about in words on the terminal. */
  readonly quiet: boolean;
  readonly logFormat: "short" | "json";
}

export const DEMO_SITE = "deploy/sites/demo.yaml";

export const USAGE = `usage: npm start [-- --site FILE] [-- --quiet]
  --site FILE   the site file to run (or SITE=FILE); default ${DEMO_SITE}
  --quiet       no words about the charge points, only the log
environment: HTTP_PORT, NATS_URL, REDIS_URL, NODE_ID, SITE, DATA_DIR, LOG_FORMAT=short|json`;

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads and checks both. Throws one `StartRefused` that names everything that is wrong and what would be right. */
export function readEnvironment(args: readonly string[], variables: Variables, projectDir: string): Environment {
  const options = readArguments(args);
  const problems: string[] = [];
  const given = (name: string): string | undefined => {
    const value = variables[name]?.trim();
    return value === "" ? undefined : value;
  };
  const checked = <T>(name: string, expected: string, read: (value: string) => T | undefined): T | undefined => {
    const value = given(name);
    if (value === undefined) return undefined;
    const result = read(value);
    if (result === undefined) problems.push(`${name}: expected ${expected}, got "${withoutPassword(value)}"`);
    return result;
  };

  const logFormat = checked("LOG_FORMAT", "short or json", value =>
    value === "short" || value === "json" ? value : undefined,
  );
  const named = options.site ?? given("SITE");
  const environment: Environment = {
    // npm runs its scripts in the project and tells where the person stood; a file is meant from there.
    siteFile: named === undefined ? join(projectDir, DEMO_SITE) : resolve(given("INIT_CWD") ?? projectDir, named),
    dataDir: resolve(projectDir, given("DATA_DIR") ?? "data"),
    node: checked("NODE_ID", "a node name of the site file (a-z, 0-9, -)", value =>
      idSchema.safeParse(value).success ? value : undefined,
    ),
    httpPort: checked("HTTP_PORT", "a port 1..65535", readPort),
    natsUrl: checked("NATS_URL", "nats://[user:password@]host[:port], several with commas between", value =>
      value.split(",").every(url => hasScheme(url, ["nats:", "tls:"])) ? value : undefined,
    ),
    redisUrl: checked("REDIS_URL", "redis://[user:password@]host[:port][/number]", value =>
      hasScheme(value, ["redis:", "rediss:"]) ? value : undefined,
    ),
    quiet: options.quiet,
    // People get short lines, log collectors JSON.
    logFormat: logFormat ?? (variables["NODE_ENV"] === "production" ? "json" : "short"),
  };
  if (problems.length > 0) throw new StartRefused(problems.join("\n"));
  return environment;
}

/** A URL as it may be shown: the password replaced. */
export function withoutPassword(url: string): string {
  return url.replaceAll(/(\/\/[^:/@,]*):[^@,]*@/g, "$1:***@");
}

function readArguments(args: readonly string[]): { site: string | undefined; quiet: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { site: { type: "string" }, quiet: { type: "boolean", default: false } },
      allowPositionals: false,
    });
    return { site: values.site, quiet: values.quiet };
  } catch (error) {
    throw new StartRefused(`${messageOf(error)}\n${USAGE}`, { cause: error });
  }
}

function readPort(value: string): number | undefined {
  const port = Number(value);
  return /^\d{1,5}$/.test(value) && port >= 1 && port <= 65_535 ? port : undefined;
}

function hasScheme(value: string, schemes: readonly string[]): boolean {
  const url = URL.parse(value.trim());
  return url !== null && url.hostname !== "" && schemes.includes(url.protocol);
}
