import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, type Teardown, tempDir, until } from "./servers.ts";
import { type SiteProcess, startSite } from "./site-process.ts";

const DEMO = join(import.meta.dirname, "../../deploy/sites/demo.yaml");

export interface Demo {
  readonly url: string;
  readonly siteFile: string;
  readonly dataDir: string;
  /** The process that runs now. */
  site(): SiteProcess;
  /** Starts it again on the same ports and data, after it has ended. */
  restart(): Promise<void>;
}

/** The demo site in a process of its own, with ports and a data directory of its own; resolves once it answers. */
export async function startDemo(t: Teardown, args: readonly string[] = []): Promise<Demo> {
  const { dir, siteFile } = await demoSiteFile(t);
  const [httpPort = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${httpPort}`;
  const dataDir = join(dir, "data");
  const env = { HTTP_PORT: String(httpPort), DATA_DIR: dataDir };
  let site = startSite(t, { siteFile, args, env });
  await answers(url, site);
  return {
    url,
    siteFile,
    dataDir,
    site: () => site,
    async restart() {
      await site.ended;
      site = startSite(t, { siteFile, args, env });
      await answers(url, site);
    },
  };
}

/** The demo's site file with ports of its own, in a directory of its own. */
export async function demoSiteFile(t: Teardown): Promise<{ readonly dir: string; readonly siteFile: string }> {
  const dir = tempDir(t, "demo");
  const siteFile = join(dir, "demo.yaml");
  writeFileSync(siteFile, await withFreePorts(readFileSync(DEMO, "utf8")));
  return { dir, siteFile };
}

/** The demo's boards and meters listen on ports from 15000 on; each is replaced by a free one, everywhere alike. */
async function withFreePorts(text: string): Promise<string> {
  const known = [...new Set(text.match(/\b15\d{3}\b/g) ?? [])];
  const free = await freePorts(known.length);
  return known.reduce((changed, port, index) => changed.replaceAll(port, String(free[index])), text);
}

async function answers(url: string, site: SiteProcess): Promise<void> {
  await until(`${url} answers`, async () => {
    if (site.child.exitCode !== null) throw new Error(`the site ended instead of answering; it said:\n${site.said()}`);
    try {
      return (await fetch(`${url}/api/v1/site`)).ok;
    } catch {
      // Not listening yet; asked again until the patience of `until` ends.
      return false;
    }
  });
}
