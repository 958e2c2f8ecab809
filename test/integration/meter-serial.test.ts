import { execFileSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openLineWire } from "../../services/meter/drivers/modbus-wire.ts";
import { parseSite } from "../../shared/site/site-file.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { until } from "../support/modbus-bench.ts";
import { ptyPair } from "../support/pty.ts";
import { tempDir } from "../support/servers.ts";
import { driverOf, telegramOf } from "../support/source-bench.ts";

/** A line as a site file gives it. */
function lineOf(path: string, rest: string) {
  const text = `site: home
chargePoints: [{ id: left, serial: 1 }]
lines: { rail: { kind: serial, path: ${path}${rest} } }
services: [{ service: settings }]
`;
  const line = parseSite(text, "site.yaml").lines["rail"];
  if (line?.kind !== "serial") throw new Error("not a serial line");
  return line;
}

t.test("a serial line is opened at the rate and with the stop bits of the site file, 9600 8N1 by default", async t => {
  const { path } = await ptyPair(t, 9_600, () => undefined);
  const cases: [string, RegExp[]][] = [
    ["", [/speed 9600 baud/, / cs8 /, /-cstopb/]],
    ...[1_200, 2_400, 4_800, 19_200, 38_400, 57_600, 115_200].map((rate): [string, RegExp[]] => [
      `, baudRate: ${rate}`,
      [new RegExp(`speed ${rate} baud`), /-cstopb/],
    ]),
    [", baudRate: 19200, parity: even", [/speed 19200 baud/, /-parodd/]],
    [", parity: odd", [/ parodd/]],
    [", stopBits: 2", [/ cstopb/]],
  ];
  for (const [rest, wanted] of cases) {
    let isUp = false;
    const wire = openLineWire(lineOf(path, rest), {
      up: () => {
        isUp = true;
      },
      data: () => undefined,
      down: reason => t.fail(reason),
    });
    await until(() => isUp, "the line is open");
    const state = execFileSync("stty", ["-F", path, "-a"], { encoding: "utf8" });
    for (const pattern of wanted) t.match(state, pattern, `9600 8N1${rest}`);
    await wire.close();
  }
});

t.test("rates and parities that no meter has are refused with what would be right", async t => {
  for (const [rest, reason] of [
    [", baudRate: 9601", /lines\.rail\.baudRate/],
    [", parity: mark", /lines\.rail\.parity/],
    [", stopBits: 3", /lines\.rail\.stopBits/],
  ] as const) {
    t.throws(() => lineOf("/dev/ttyUSB0", rest), { message: reason });
  }
});

t.test(
  "a port that stays open and brings nothing for 30 s is opened again: its adapter may be another one by now",
  async t => {
    const said = new Map<string, (telegram: string) => void>();
    const pty = (name: string) =>
      ptyPair(t, 115_200, port => said.set(name, telegram => void port.write(telegram, "latin1")));
    const [first, second] = [await pty("first"), await pty("second")];
    const path = join(tempDir(t, "adapter"), "tty");
    symlinkSync(first.path, path);
    const clock = new ManualClock();
    const driver = driverOf({ kind: "p1", link: { kind: "serial", path } }, { clock });
    t.teardown(() => driver.stop());
    const heardA: (number | null)[] = [];
    driver.start({ sample: ({ currentA }) => void heardA.push(currentA.l1), problem: () => undefined });
    // What is written before the port is open is lost.
    await until(() => {
      said.get("first")?.(telegramOf(7 + heardA.length));
      return heardA.length > 0;
    }, "the first adapter is heard");

    rmSync(path);
    symlinkSync(second.path, path);
    clock.advance(40_000);
    await until(() => {
      said.get("second")?.(telegramOf(11));
      return heardA.includes(11);
    }, "the second adapter is heard");
    t.pass("the second adapter is heard");
  },
);
