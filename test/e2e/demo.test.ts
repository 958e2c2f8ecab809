import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { startDemo } from "../support/demo-site.ts";
import { tempDir, until } from "../support/servers.ts";
import { startSite } from "../support/site-process.ts";

t.setTimeout(900_000);

const STOP_WITHIN_MS = 3_000;

t.test("the demo site in one process", async t => {
  const demo = await startDemo(t);
  const site = demo.site();

  await t.test("says where the page is, and soon what happens, in words", async t => {
    const [, url] = await site.says(/The page is at (http:\S+)/);
    t.equal(url, `${demo.url}/`);
    t.equal((await fetch(demo.url)).status, 200);
    await site.says(/^left: charging \d+\.\d A, \w+/m);
    t.pass("a car charges");
  });

  await t.test("nothing listens beyond loopback", async t => {
    const addresses = listeningAddresses(site.child.pid ?? 0);
    t.ok(addresses.length >= 4, "the page, two boards and the meters' line");
    t.strictSame([...new Set(addresses)], ["127.0.0.1"]);
  });

  await t.test("a second start on its data directory says what is in the way, and leaves it alone", async t => {
    const second = startSite(t, { siteFile: demo.siteFile, env: { HTTP_PORT: "1", DATA_DIR: demo.dataDir } });
    t.equal(await second.ended, 1);
    t.match(second.said(), new RegExp(`did not start[\\s\\S]*process ${site.child.pid}.*${demo.dataDir}.*DATA_DIR`));
    t.equal((await fetch(`${demo.url}/health`)).status, 200);
  });

  await t.test("a second start on its port says what is in the way", async t => {
    const port = new URL(demo.url).port;
    const second = startSite(t, {
      siteFile: demo.siteFile,
      env: { HTTP_PORT: port, DATA_DIR: tempDir(t, "second") },
    });
    t.equal(await second.ended, 1);
    // Its page, its boards and its meters want the same ports; the first that is refused is named.
    t.match(second.said(), /did not start\.\n(port \d+ of .* is taken|simulator: .*\b\d{4,5}\b.*is taken)/);
    t.notMatch(second.said(), /\n {4}at /, "no stack");
  });

  await t.test("Ctrl-C, even twice, opens contactors, says so and ends in time", async t => {
    const from = performance.now();
    site.signal("SIGINT");
    site.signal("SIGINT");
    t.equal(await site.ended, 0);
    t.ok(performance.now() - from < STOP_WITHIN_MS + 2_000, `${performance.now() - from} ms`);
    t.match(site.said(), /stopping: contactors open[\s\S]*stopped/);
  });

  await t.test("starts again on the same data", async t => {
    await demo.restart();
    await demo.site().says(/^left: charging/m);
    demo.site().signal("SIGTERM");
    t.equal(await demo.site().ended, 0);
  });
});

/** Where a process listens on TCP, as the kernel says it. */
function listeningAddresses(pid: number): readonly string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map(fd => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        // Closed since the list was read.
        return undefined;
      }
    }),
  );
  const LISTEN = "0A";
  return ["tcp", "tcp6"].flatMap(family =>
    readFileSync(`/proc/${pid}/net/${family}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .filter(fields => fields[3] === LISTEN && sockets.has(fields[9]))
      .map(fields => addressOf(fields[1]?.split(":")[0] ?? "")),
  );
}

/** IPv4 stands there as a little-endian number; of IPv6 none is loopback's business here. */
function addressOf(hex: string): string {
  if (hex.length !== 8) return hex;
  return [6, 4, 2, 0].map(at => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");
}

t.test("--quiet says nothing about the charge points", async t => {
  const demo = await startDemo(t, ["--quiet"]);
  await until("a car charges", async () => {
    const view = (await (await fetch(`${demo.url}/api/v1/site`)).json()) as {
      points: { status?: { offerA: number } | null }[];
    };
    return view.points.some(point => (point.status?.offerA ?? 0) >= 6);
  });
  t.notMatch(demo.site().said(), /^left: /m);
});

const REFUSED: readonly (readonly [
  what: string,
  args: readonly string[],
  env: Record<string, string>,
  message: RegExp,
])[] = [
  [
    "a site file that is not there",
    ["--site", "/nowhere/site.yaml"],
    {},
    /\/nowhere\/site\.yaml: there is no such file/,
  ],
  ["an option nobody knows", ["--sight", "x"], {}, /--sight[\s\S]*usage: npm start/],
  ["a port that is none", [], { HTTP_PORT: "eighty" }, /HTTP_PORT: expected a port 1\.\.65535, got "eighty"/],
  [
    "a node the site file does not name",
    [],
    { NODE_ID: "attic" },
    /NODE_ID=attic.*expected one of: main, left, right, sim/,
  ],
];

for (const [what, args, env, message] of REFUSED) {
  t.test(`refuses ${what} with a sentence, not a stack`, async t => {
    const site = startSite(t, { args, env: { DATA_DIR: join(tempDir(t, "refused"), "data"), ...env } });
    t.equal(await site.ended, 1);
    t.match(site.said(), message);
    t.notMatch(site.said(), /\n {4}at /);
  });
}

t.test("a port taken by a stranger is named, with a way out", async t => {
  const stranger = createServer().listen(0, "127.0.0.1");
  t.teardown(() => stranger.close());
  await once(stranger, "listening");
  const { port } = stranger.address() as AddressInfo;
  // A demo of its own gives the other ports; only the page's is taken.
  const demo = await startDemo(t);
  demo.site().signal("SIGTERM");
  await demo.site().ended;
  const site = startSite(t, { siteFile: demo.siteFile, env: { HTTP_PORT: String(port), DATA_DIR: demo.dataDir } });
  t.equal(await site.ended, 1);
  t.match(site.said(), new RegExp(`did not start[\\s\\S]*${port}[\\s\\S]*HTTP_PORT`));
  t.notMatch(site.said(), /\n {4}at /);
});
