import type { Test } from "tap";
import type { BoardCommand, BoardConnection, BoardMessage, OpenBoard } from "../../services/pilot/pilot.port.ts";
import type { VirtualBoard } from "../../services/simulator/board/virtual-board.ts";
import { obey } from "../../services/simulator/board/words.ts";

/** A driver, the board at the other end of its cable, and how time passes there. */
export interface BoardBench {
  readonly open: OpenBoard;
  readonly board: VirtualBoard;
  /** Waits until something holds; fails when it does not. */
  readonly until: (holds: () => boolean, what: string) => Promise<void>;
  readonly unplug: () => Promise<void>;
  readonly replug: () => Promise<void>;
}

/** One connection and everything it said. */
class Host {
  readonly messages: BoardMessage[] = [];
  readonly ends: string[] = [];
  readonly connection: BoardConnection;
  readonly #until: BoardBench["until"];

  constructor(bench: BoardBench) {
    this.#until = bench.until;
    this.connection = bench.open({
      message: message => this.messages.push(message),
      closed: reason => this.ends.push(reason),
    });
  }

  all<K extends BoardMessage["kind"]>(kind: K): Extract<BoardMessage, { kind: K }>[] {
    return this.messages.flatMap(message => (message.kind === kind ? [message as never] : []));
  }

  last<K extends BoardMessage["kind"]>(kind: K): Extract<BoardMessage, { kind: K }> {
    const found = this.all(kind).at(-1);
    if (found === undefined) throw new Error(`the board sent no ${kind}`);
    return found;
  }

  async hears(kind: BoardMessage["kind"], times = 1): Promise<void> {
    await this.#until(() => this.all(kind).length >= times, `${kind} of the board`);
  }

  /** Sends a command and waits for its answer. */
  async ask(command: BoardCommand): Promise<Extract<BoardMessage, { kind: "answer" }>> {
    const before = this.all("answer").length;
    this.connection.send(command);
    await this.#until(() => this.all("answer").length > before, `answer to ${command.kind}`);
    return this.last("answer");
  }
}

/** What every way to a pilot board has to do. */
export function pilotBoardSuite(t: Test, name: string, make: (t: Test) => Promise<BoardBench>): void {
  async function ready(t: Test): Promise<{ bench: BoardBench; host: Host; say: (words: string) => string }> {
    const bench = await make(t);
    const host = new Host(bench);
    t.teardown(() => {
      host.connection.close();
    });
    await host.hears("ready");
    return { bench, host, say: words => obey(bench.board, words) };
  }

  t.test(`${name}: a board names itself, becomes ready, and describes itself`, async t => {
    const { host } = await ready(t);
    t.match(host.last("firmware"), { name: "EvsePilotFirmata", major: 1, minor: 0 });
    host.connection.send({ kind: "describe" });
    await host.hears("description");
    t.match(host.last("description"), { major: 1, contactors: 2, dutyUnits: 1000, pilotHz: 1000 });
    const before = host.all("firmware").length;
    host.connection.send({ kind: "identify" });
    await host.hears("firmware", before + 1);
    t.strictSame(host.ends, []);
  });

  t.test(`${name}: settings, pilot and contactors do what they are told, and the reports show it`, async t => {
    const { bench, host, say } = await ready(t);
    for (const [setting, value] of [
      ["watchdogMs", 5000],
      ["reportMs", 50],
      ["debounceMs", 30],
      ["allowD", 0],
    ] as const) {
      t.match(await host.ask({ kind: "configure", setting, value }), { to: "configure", accepted: true, value });
    }
    t.match(await host.ask({ kind: "drive-pilot", dutyPermille: 266 }), { accepted: false, result: /refused/ });
    host.connection.send({ kind: "heartbeat", sequence: 77 });
    t.match(await host.ask({ kind: "drive-pilot", dutyPermille: 266 }), {
      to: "drive-pilot",
      accepted: true,
      value: 266,
    });
    t.match(
      await host.ask({ kind: "switch-contactors", contactors: "l1" }),
      { to: "switch-contactors", accepted: false, result: /refused \(flags 0x100\)/ },
      "nobody is plugged in",
    );
    say("pp 220");
    say("ev C");
    await bench.until(() => host.all("cp-changed").at(-1)?.cp === "C", "the event of state C");
    host.connection.send({ kind: "heartbeat", sequence: 78 });
    t.match(await host.ask({ kind: "switch-contactors", contactors: "l1-l2-l3" }), { accepted: true });
    const settled = (): boolean => {
      const report = host.all("report").at(-1);
      return report?.view.contactorL23 === true && (report.cpHighV ?? 12) < 6.1;
    };
    await bench.until(settled, "a report with both contactors, of a time in which nothing changed");
    t.strictSame(bench.board.coils, { l1: true, l23: true });
    const report = host.last("report");
    t.match(report, { heartbeatEcho: 78, view: { cp: "C", dutyPermille: 266, contactorL1: true } });
    t.ok(Math.abs((report.cpHighV ?? 0) - 6) < 0.1 && Math.abs((report.cpLowV ?? 0) + 12) < 0.1, "voltages");
    t.ok(Math.abs((report.ppOhm ?? 0) - 220) < 5, "proximity");
    host.connection.send({ kind: "status" });
    await host.hears("status");
    t.match(host.last("status").view, { cp: "C", contactorL1: true, contactorL23: true });
    t.match(await host.ask({ kind: "switch-contactors", contactors: "open" }), { accepted: true });
    t.strictSame(bench.board.coils, { l1: false, l23: false });
    say("rcm 1");
    await bench.until(() => host.all("flags-changed").at(-1)?.flags.rcmLine === true, "the event of the RCM line");
    say("rcm 0");
    await host.ask({ kind: "clear", latches: ["rcm-trip"] });
    await bench.until(() => host.all("report").at(-1)?.view.flags.latches.length === 0, "a report without latches");
  });

  t.test(`${name}: the relay in the pilot line follows`, async t => {
    const { bench, host } = await ready(t);
    for (const interrupted of [false, true, true, false]) {
      host.connection.send({ kind: "interrupt-pilot", interrupted });
      await bench.until(
        () => bench.board.pilot.connected === !interrupted,
        `the line ${interrupted ? "cut" : "connected"}`,
      );
    }
    host.connection.send({ kind: "interrupt-pilot", interrupted: true });
    await bench.until(() => !bench.board.pilot.connected, "the line cut");
    bench.board.reset();
    t.ok(bench.board.pilot.connected, "a reset connects it");
    host.connection.send({ kind: "interrupt-pilot", interrupted: true });
    await bench.until(() => !bench.board.pilot.connected, "the line cut after a reset");
  });

  t.test(`${name}: a boot is told with its cause, and what comes by itself is told at once`, async t => {
    const { host, say } = await ready(t);
    say("reset");
    await host.hears("booted");
    t.equal(host.last("booted").cause, "reset line");
    say("hang");
    await host.hears("booted", 2);
    t.equal(host.last("booted").cause, "it hung");
  });

  t.test(`${name}: garbage from the board is told as garbled, harms nobody, and the next message is heard`, async t => {
    const { bench, host } = await ready(t);
    const cases: readonly (readonly number[])[] = [
      [0xf0, 0x0e, 0xf7],
      [0xf0, 0x0e, 0x41, 0x00, 0xf7],
      [0xf0, 0x0e, 0x40, 2, 0, 0x20, 1, 0, 0xf7],
      [0xf0, 0x0e, 0x45, 0x10, 0xf7],
      [0xf0, 0x0e, 0x03, 3, 0x51, 0xf7],
      [0xf0, 0x6e, 0x7f, 0, 0, 0xf7],
      [0xf0, 0x6e, 0xf7],
      [0xf0, 0x6a, ...Array<number>(60).fill(5), 0xf7],
      [0xf0, 0x79, 0xf7],
      [0xf0, 0x79, 1, 0xf7],
      [0xf0, 0x6c, 0x7f, 0x7f, 0xf7],
      [0xf0, 0x71, 1, 0xf7],
      [0xf0, 0x73, 0x42, 0xf7],
      [0xf0, 0x73, 0x43, 1, 2, 3, 0xf7],
      [0xf0, 0x77, 1, 0xf7],
      [0xf0, 0x60, 0x40, 1, 0xf7],
      [0xf0, 0x72, 0xf7],
      [0xf0, 0x62, 0x0a, 0xf7],
      [0xf0, 0xf7],
      [0xf7, 0xf7],
      [0xff, 0xfe, 0xfd, 0x00, 0x80],
      [0xe0, 0x7f, 0x7f, 0xef, 0x7f, 0x7f],
      [0x90, 0x7f, 0x01, 0x9f, 0x7f, 0x7f],
      [0xf0, 0x0e, ...Array<number>(5000).fill(0x41)],
      Array<number>(300).fill(0x7f),
    ];
    for (const bytes of cases) {
      bench.board.sendRaw(bytes);
      const before = host.all("status").length;
      host.connection.send({ kind: "status" });
      // A message that the noise has swallowed is asked for again, as the service does.
      await bench.until(
        () => {
          if (host.all("status").length > before) return true;
          host.connection.send({ kind: "status" });
          return false;
        },
        `an answer after ${Buffer.from(bytes.slice(0, 12)).toString("hex")}`,
      );
    }
    t.ok(host.all("garbled").length >= 8, "told");
    t.ok(
      host.all("garbled").some(({ problem }) => /bytes without an end/.test(problem)),
      "an endless message is not collected for ever",
    );
    t.match(host.last("garbled").problem, /\S/);
    t.strictSame(host.ends, [], "the connection stands");
  });

  t.test(`${name}: a cable that is pulled is told once; a new connection works again`, async t => {
    const { bench, host } = await ready(t);
    host.connection.send({ kind: "interrupt-pilot", interrupted: true });
    await bench.until(() => !bench.board.pilot.connected, "the relay through the first connection");
    host.connection.send({ kind: "interrupt-pilot", interrupted: false });
    await bench.until(() => bench.board.pilot.connected, "the line whole again");
    await bench.unplug();
    // A host never stops talking to its board: a serial line that hung up is told to whoever writes, not always to whoever reads.
    await bench.until(() => {
      host.connection.send({ kind: "status" });
      return host.ends.length > 0;
    }, "the end of the connection");
    host.connection.send({ kind: "status" });
    t.equal(host.ends.length, 1);
    t.match(host.ends[0], /\S/);
    const early = new Host(bench);
    await bench.until(() => early.ends.length === 1, "the refusal while it is out");
    await bench.replug();
    const later = new Host(bench);
    await later.hears("ready");
    t.match(await later.ask({ kind: "configure", setting: "reportMs", value: 100 }), { accepted: true });
    later.connection.send({ kind: "interrupt-pilot", interrupted: true });
    await bench.until(() => !bench.board.pilot.connected, "the relay through the second connection");
    later.connection.close();
    t.strictSame(later.ends, [], "an own close is not told");
  });
}
