import t from "tap";
import { pilotConfig } from "../../services/pilot/pilot.config.ts";
import { describeIssues } from "../../shared/contracts/define.ts";

t.test("a link needs no more than its kind and its place", async t => {
  t.strictSame(pilotConfig.parse({ link: { kind: "serial", path: "/dev/ttyUSB0" } }), {
    link: { kind: "serial", path: "/dev/ttyUSB0", baudRate: 57_600 },
    cpDisconnectPin: 5,
  });
  t.strictSame(pilotConfig.parse({ link: { kind: "tcp", port: 15_101 }, cpDisconnectPin: null }), {
    link: { kind: "tcp", host: "127.0.0.1", port: 15_101 },
    cpDisconnectPin: null,
  });
});

t.test("a mistake in the site file is named with its key and what would be right", async t => {
  const serial = { kind: "serial", path: "/dev/ttyUSB0" };
  const cases: readonly [unknown, RegExp][] = [
    [{}, /^link: /],
    [{ link: "serial" }, /^link: .*expected object/],
    [{ link: { kind: "usb" } }, /^link\.kind: /],
    [{ link: { kind: "serial" } }, /^link\.path: .*expected string/],
    [{ link: { kind: "serial", path: "" } }, /^link\.path: /],
    [{ link: { ...serial, baudRate: 9600 } }, /^link\.baudRate: .*57600\|115200/],
    [{ link: { ...serial, port: 1 } }, /^link: .*"port"/],
    [{ link: { kind: "tcp" } }, /^link\.port: .*expected number/],
    [{ link: { kind: "tcp", port: 0 } }, /^link\.port: .*>=1/],
    [{ link: { kind: "tcp", port: 70_000 } }, /^link\.port: .*<=65535/],
    [{ link: { kind: "tcp", port: "15101" } }, /^link\.port: .*expected number/],
    [{ link: serial, cpDisconnectPin: 4 }, /^cpDisconnectPin: .*3\|5\|6\|11\|13/],
    [{ link: serial, cpDisconnectPin: "D5" }, /^cpDisconnectPin: /],
    [{ link: serial, watchdogMs: 5 }, /"watchdogMs"/],
  ];
  for (const [part, expected] of cases) {
    const parsed = pilotConfig.safeParse(part);
    t.match(parsed.success ? "accepted" : describeIssues(parsed.error), expected, JSON.stringify(part));
  }
});
