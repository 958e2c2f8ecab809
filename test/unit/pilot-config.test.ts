import t from "tap";
import { fittedOf, pilotConfig, pinsOf } from "../../services/pilot/pilot.config.ts";
import { describeIssues } from "../../shared/contracts/define.ts";

/** What hangs on the free pins unless the site file says otherwise. */
const USUAL = { led: { red: 3, green: 6, blue: 11 }, switchPin: "A4", temperaturePin: null, contactFeedback: true };

t.test("a link needs no more than its kind and its place", async t => {
  t.strictSame(pilotConfig.parse({ link: { kind: "serial", path: "/dev/ttyUSB0" } }), {
    link: { kind: "serial", path: "/dev/ttyUSB0", baudRate: 57_600 },
    cpDisconnectPin: 5,
    ...USUAL,
  });
  t.strictSame(pilotConfig.parse({ link: { kind: "tcp", port: 15_101 }, cpDisconnectPin: null }), {
    link: { kind: "tcp", host: "127.0.0.1", port: 15_101 },
    cpDisconnectPin: null,
    ...USUAL,
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
    [{ link: serial, led: { red: 13, green: 6, blue: 11 } }, /^led\.red: .*3\|5\|6\|11/],
    [{ link: serial, led: { red: 5, green: 6, blue: 11 } }, /^led\.red: pin 5 is already cpDisconnectPin/],
    [{ link: serial, switchPin: "A5", temperaturePin: "A5" }, /^temperaturePin: pin A5 is already switchPin/],
    [{ link: serial, temperaturePin: 13 }, /^temperaturePin: .*"A4"\|"A5"/],
    [{ link: serial, switchPin: "A0" }, /^switchPin: /],
    [{ link: serial, watchdogMs: 5 }, /"watchdogMs"/],
  ];
  for (const [part, expected] of cases) {
    const parsed = pilotConfig.safeParse(part);
    t.match(parsed.success ? "accepted" : describeIssues(parsed.error), expected, JSON.stringify(part));
  }
});

t.test("pins go to the driver by number, and decisions know what is fitted", async t => {
  const link = { kind: "tcp", port: 15_101 };
  const full = pilotConfig.parse({ link, temperaturePin: "A5" });
  t.strictSame(pinsOf(full), { cpDisconnectPin: 5, ledPins: [3, 6, 11], switchPin: 18, temperaturePin: 19 });
  t.strictSame(fittedOf(full), { led: true, inputs: true, temperature: true, contactFeedback: true });
  const bare = pilotConfig.parse({ link, led: null, switchPin: null, cpDisconnectPin: null, contactFeedback: false });
  t.strictSame(pinsOf(bare), { cpDisconnectPin: null, ledPins: null, switchPin: null, temperaturePin: null });
  t.strictSame(fittedOf(bare), { led: false, inputs: false, temperature: false, contactFeedback: false });
  t.equal(pinsOf(pilotConfig.parse({ link, switchPin: 13 })).switchPin, 13);
});
