import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { Bonjour } from "bonjour-service";
import t, { type Test } from "tap";
import { meter } from "../../cli/meter/main.ts";
import { WrongUse } from "../../cli/options.ts";
import { EvseError } from "../../shared/errors.ts";
import { listenTo, until } from "../support/modbus-bench.ts";
import { ScriptedTerminal } from "../support/scripted-terminal.ts";
import { tempDir } from "../support/servers.ts";
import { driverOf } from "../support/source-bench.ts";

async function run(args: readonly string[], terminal = new ScriptedTerminal()) {
  let code: number;
  try {
    code = await meter(args, terminal);
  } catch (error) {
    if (!(error instanceof EvseError)) throw error;
    terminal.tell(error.message);
    code = error instanceof WrongUse ? 2 : 1;
  }
  return { code, out: terminal.printed.join("\n"), err: terminal.told.join("\n") };
}

t.test("discover: the meters of a network, each once, with their drivers", async t => {
  // On the loopback: nobody else's network is asked.
  const responder = new Bonjour({ interface: "127.0.0.1", bind: "0.0.0.0" } as object);
  t.teardown(() => new Promise<void>(resolve => responder.destroy(resolve)));
  const publish = (type: string, name: string, port: number, txt: Record<string, string>) =>
    responder.publish({ type, name, port, txt, host: `${name}.local`, probe: false, disableIPv6: true });
  publish("hwenergy", "p1meter-5c2faf", 80, { product_type: "HWE-P1", api_enabled: "1", path: "/api/v1" });
  publish("homewizard", "p1meter-5c2faf", 443, { product_type: "HWE-P1", id: "appliance/p1dongle/5c2faf" });
  publish("shelly", "shellypro3em-1", 80, { gen: "2", app: "Pro3EM" });
  publish("http", "printer", 80, {});
  const terminal = new ScriptedTerminal();
  const found = run(["discover", "--interface", "127.0.0.1", "--within", "60", "--json"], terminal);
  await until(() => terminal.printed.length >= 3, "three are found", 60_000);
  await new Promise(resolve => setTimeout(resolve, 1_200));
  terminal.interrupt();
  const { code, out, err } = await found;
  t.equal(code, 0);
  const devices = out.split("\n").map(line => JSON.parse(line) as { label: string; driver: string });
  t.strictSame(devices.map(({ label }) => label).sort(), [
    "HomeWizard HWE-P1",
    "HomeWizard HWE-P1, version 2",
    "Shelly Pro3EM",
  ]);
  t.ok(
    devices.every(({ driver }) => /url: "https?:\/\/\d+\.\d+\.\d+\.\d+"/.test(driver)),
    out,
  );
  t.match(err, /3 found/);
});

t.test("discover: nothing there, and words that are not understood", async t => {
  const nothing = await run(["discover", "--interface", "127.0.0.1", "--within", "1"]);
  t.match(nothing, { code: 1, out: "", err: /nothing answered; are the meters on this network/ });
  t.match(await run(["discover", "--interface", "eth0"]), { code: 2, err: /--interface eth0: expected an own IPv4/ });
  t.match(await run(["discover", "--within", "x"]), { code: 2, err: /--within x: expected a whole number 1\.\.600/ });
  t.match(await run(["discover", "garage"]), { code: 2, err: /"garage" is not understood/ });
  t.match(await run(["discover", "--whithin", "3"]), { code: 2, err: /--whithin; did you mean/ });
  t.match(await run(["discover", "--help"]), { code: 0, out: /mDNS/ });
});

/** A certificate that an authority of its maker signed, as a HomeWizard's is. */
function signed(dir: string, name: string): { readonly key: string; readonly cert: string } {
  const at = (file: string): string => join(dir, file);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const fresh = ["-newkey", "rsa:2048", "-nodes", "-subj"];
  openssl("req", "-x509", ...fresh, "/CN=Appliances", "-days", "2", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  openssl(
    "req",
    ...fresh,
    `/CN=appliance\\/p1dongle\\/${name}`,
    "-keyout",
    at(`${name}.key`),
    "-out",
    at(`${name}.csr`),
  );
  const authority = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
  openssl("x509", "-req", "-in", at(`${name}.csr`), ...authority, "-out", at(`${name}.pem`));
  return { key: readFileSync(at(`${name}.key`), "utf8"), cert: readFileSync(at(`${name}.pem`), "utf8") };
}

const TOKEN = "0123456789ABCDEF0123456789ABCDEF";

/** A HomeWizard with version 2 of its interface. */
async function homewizard(t: Test, dir: string) {
  const device = { pressed: false, asked: [] as string[], port: 0, answer: null as string | null };
  const server = createServer(signed(dir, "5c2faf"), (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      if (request.url === "/api/user" && request.method === "POST") {
        device.asked.push(`${String(request.headers["x-api-version"])} ${body}`);
        if (device.answer !== null) response.end(device.answer);
        else if (device.pressed) response.end(JSON.stringify({ token: TOKEN, name: "local/edge-evse" }));
        else response.writeHead(403).end('{"error":{"code":"user:creation-not-enabled"}}');
      } else if (request.headers.authorization !== `Bearer ${TOKEN}`) response.writeHead(401).end();
      else response.end(JSON.stringify({ current_l1_a: 5, power_l1_w: 1_150, voltage_l1_v: 230, power_w: 1_150 }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address === "object" && address !== null) device.port = address.port;
  return device;
}

t.test("pair: waits for the button, keeps the certificate, and the meter is read with both", async t => {
  const dir = tempDir(t, "pair");
  const device = await homewizard(t, dir);
  const file = join(dir, "meter.pem");
  const terminal = new ScriptedTerminal();
  const pairing = run(["pair", `127.0.0.1:${device.port}`, "--certificate", file], terminal);
  await until(() => device.asked.length >= 2, "it is asked again until the button is pressed");
  device.pressed = true;
  const { code, out, err } = await pairing;
  t.equal(code, 0);
  t.strictSame(new Set(device.asked), new Set(['2 {"name":"local/edge-evse"}']));
  t.match(err, /p1dongle\/5c2faf: certificate kept in .*meter\.pem, SHA-256 [0-9A-F:]{95}/);
  t.match(err, /press the button/);
  t.notMatch(err, TOKEN, "the token is printed where the result goes, and nowhere else");
  const url = `https://127.0.0.1:${device.port}`;
  t.equal(
    out,
    `driver: { kind: http, preset: homewizard-v2, url: "${url}", token: ${TOKEN}, certificateFile: ${file} }`,
  );
  const driver = driverOf({ kind: "http", preset: "homewizard-v2", url, token: TOKEN, certificateFile: file });
  const { samples } = listenTo(driver);
  t.teardown(() => driver.stop());
  await until(() => samples.length > 0, "a sample, though an unknown authority signed the certificate");
  t.match(samples[0], { currentA: { l1: 5 } });

  const again = await run(["pair", `127.0.0.1:${device.port}`, "--certificate", file, "--name", "attic"]);
  t.match(again, { code: 0 }, "the same certificate may be there already");
  t.equal(device.asked.at(-1), '2 {"name":"local/attic"}');
});

t.test("pair: what may go wrong is said, and nothing is overwritten", async t => {
  const dir = tempDir(t, "pair");
  const device = await homewizard(t, dir);
  const where = `127.0.0.1:${device.port}`;
  const file = join(dir, "meter.pem");
  const unpressed = await run(["pair", where, "--certificate", file, "--within", "1"]);
  t.match(unpressed, { code: 1, out: "", err: /no token within 1 s: was the button of this meter pressed/ });
  const other = join(dir, "other.pem");
  writeFileSync(other, "another certificate");
  t.match(await run(["pair", where, "--certificate", other]), {
    code: 1,
    err: /holds another certificate; remove it if/,
  });
  t.equal(readFileSync(other, "utf8"), "another certificate");
  device.answer = '{"greeting":"hello"}';
  t.match(await run(["pair", where, "--certificate", file]), { code: 1, err: /answer holds no token: \{"greeting"/ });
  t.match(await run(["pair", "127.0.0.1:1", "--certificate", file]), { code: 1, err: /cannot be reached over HTTPS/ });
  t.match(await run(["pair", where, "--certificate", "/nowhere/x.pem"]), { code: 1, err: /\/nowhere\/x\.pem: ENOENT/ });
  const asked = device.asked.length;
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /which meter\? expected HOST\[:PORT\]/],
    [[where], /--certificate FILE is needed/],
    [[where, "--certificate"], /--certificate needs a value/],
    [[where, "--certificate", file, "--name", "a b"], /--name a b: expected 1 to 34 letters/],
    [[where, "--certificate", file, "--within", "0"], /--within 0: expected a whole number/],
    [["http://127.0.0.1", "--certificate", file], /expected HOST:PORT/],
    [[where, "more", "--certificate", file], /which meter\?/],
  ];
  for (const [args, words] of wrong) t.match(await run(["pair", ...args]), { code: 2, err: words }, args.join(" "));
  t.equal(device.asked.length, asked, "the meter was left alone");
  t.ok(existsSync(file));
});
