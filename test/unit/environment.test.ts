import t from "tap";
import { StartRefused } from "../../shared/errors.ts";
import { readEnvironment, withoutPassword } from "../../shared/process/environment.ts";

const read = (args: string[], variables: Record<string, string>) => readEnvironment(args, variables, "/opt/evse");

t.test("without a word it is the demo site in one process", async t => {
  t.strictSame(read([], {}), {
    siteFile: "/opt/evse/deploy/sites/demo.yaml",
    dataDir: "/opt/evse/data",
    node: undefined,
    httpPort: undefined,
    natsUrl: undefined,
    redisUrl: undefined,
    quiet: false,
    logFormat: "short",
  });
});

t.test("the command line outranks the environment; an empty variable is none", async t => {
  t.equal(read(["--site", "/etc/a.yaml"], { SITE: "/etc/b.yaml" }).siteFile, "/etc/a.yaml");
  t.equal(read([], { SITE: "/etc/b.yaml" }).siteFile, "/etc/b.yaml");
  t.match(read([], { SITE: " ", NATS_URL: "", HTTP_PORT: "" }), { natsUrl: undefined, httpPort: undefined });
});

t.test(
  "a relative site file is meant from where the person stands who calls npm; the data directory is the project's",
  async t => {
    t.equal(read(["--site", "mine.yaml"], { INIT_CWD: "/home/me" }).siteFile, "/home/me/mine.yaml");
    t.equal(read([], { SITE: "mine.yaml" }).siteFile, "/opt/evse/mine.yaml");
    t.match(read([], { INIT_CWD: "/home/me" }), {
      siteFile: "/opt/evse/deploy/sites/demo.yaml",
      dataDir: "/opt/evse/data",
    });
  },
);

t.test("production logs JSON unless told otherwise", async t => {
  t.equal(read([], { NODE_ENV: "production" }).logFormat, "json");
  t.equal(read([], { NODE_ENV: "production", LOG_FORMAT: "short" }).logFormat, "short");
});

t.test("takes what is right", async t => {
  t.match(
    read(["--quiet"], {
      HTTP_PORT: "65535",
      NATS_URL: "nats://a:b@h1:4222,nats://h2",
      REDIS_URL: "rediss://r/2",
      NODE_ID: "left",
      DATA_DIR: "elsewhere",
    }),
    {
      quiet: true,
      httpPort: 65_535,
      natsUrl: /h2/,
      redisUrl: "rediss://r/2",
      node: "left",
      dataDir: "/opt/evse/elsewhere",
    },
  );
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["HTTP_PORT", "0", /HTTP_PORT: expected a port 1\.\.65535, got "0"/],
  ["HTTP_PORT", "65536", /HTTP_PORT: expected a port/],
  ["HTTP_PORT", "-1", /HTTP_PORT: expected a port/],
  ["HTTP_PORT", "80.5", /HTTP_PORT: expected a port/],
  ["HTTP_PORT", "http", /HTTP_PORT: expected a port/],
  ["HTTP_PORT", "1e3", /HTTP_PORT: expected a port/],
  ["NATS_URL", "localhost:4222", /NATS_URL: expected nats:\/\//],
  ["NATS_URL", "http://localhost", /NATS_URL: expected nats:\/\//],
  ["NATS_URL", "nats://", /NATS_URL: expected nats:\/\//],
  ["NATS_URL", "nats://a,", /NATS_URL: expected nats:\/\//],
  ["REDIS_URL", "localhost", /REDIS_URL: expected redis:\/\//],
  ["REDIS_URL", "nats://localhost", /REDIS_URL: expected redis:\/\//],
  ["NODE_ID", "Left", /NODE_ID: expected a node name/],
  ["NODE_ID", "a b", /NODE_ID: expected a node name/],
  ["NODE_ID", "../x", /NODE_ID: expected a node name/],
  ["LOG_FORMAT", "xml", /LOG_FORMAT: expected short or json, got "xml"/],
];

for (const [name, value, message] of REFUSED) {
  t.test(`refuses ${name}=${value} and says what would be right`, async t => {
    t.throws(() => read([], { [name]: value }), message);
    t.throws(() => read([], { [name]: value }), StartRefused);
  });
}

t.test("names everything that is wrong at once", async t => {
  t.throws(() => read([], { HTTP_PORT: "x", NODE_ID: "Y" }), /NODE_ID[\s\S]*HTTP_PORT/);
});

t.test("refuses an unknown option with the usage", async t => {
  t.throws(() => read(["--sight", "x"], {}), /--sight[\s\S]*usage:/);
  t.throws(() => read(["x"], {}), /usage:/);
});

t.test("never shows a password", async t => {
  t.equal(withoutPassword("nats://edge:p%40ss@h1:4222,tls://u:x@h2"), "nats://edge:***@h1:4222,tls://u:***@h2");
  t.equal(withoutPassword("nats://h1"), "nats://h1");
  let message = "";
  try {
    read([], { NATS_URL: "http://edge:secret@h" });
  } catch (error) {
    message = String(error);
  }
  t.match(message, /edge:\*\*\*@h/);
  t.notMatch(message, /secret/);
});
