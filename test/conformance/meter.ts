// npm run -s meter:conformance -- --nats URL --role mains [--site demo] [--feed mains] [--evse left] [--seconds 10]
// Listens to a meter that is a program of its own and says whether a site could rely on it.
import { connect, type NatsConnection } from "nats";
import t from "tap";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../../cli/options.ts";
import { NatsMeter } from "../../services/meter/drivers/nats.ts";
import { natsOptions } from "../../shared/bus/nats-options.ts";
import { describeIssues } from "../../shared/contracts/define.ts";
import { type MeterSample, meterRole, meterSample, SAMPLE_LIFETIME_MS } from "../../shared/contracts/meter.ts";
import { sampleSubject } from "../../shared/contracts/subject.ts";
import { messageOf } from "../../shared/errors.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { meterPortSuite } from "../contract/meter-port.suite.ts";

const OPTIONS = {
  nats: { value: "URL", help: "where the meter publishes: nats://user:password@host:4222" },
  role: { value: "ROLE", help: "what it measures: mains, circuit, ev, pv or battery" },
  evse: { value: "ID", help: "the charge point of a meter of role ev" },
  site: { value: "SITE", help: "the site in its subject; any where nothing is said" },
  feed: { value: "ID", help: "the last part of its subject; any where nothing is said" },
  seconds: { value: "S", help: "how long it is listened to, 5..600; 10 where nothing is said" },
  help: { help: "this text" },
} as const satisfies OptionTable;

/** A sample is worth having at most this old when it is published; the rest of its lifetime is for what comes after. */
const OLDEST_MS = 2_000;
/** Of the lifetime of a sample one third may pass until the next: two may be lost. */
const SAMPLES_PER_LIFETIME = 3;
const FIRST_WITHIN_MS = 15_000;

interface Heard {
  readonly subject: string;
  readonly text: string;
  readonly at: number;
}

function optionsOf() {
  const { options } = readArguments(process.argv.slice(2), OPTIONS);
  if (options.help) {
    process.stdout.write(`npm run -s meter:conformance -- --nats URL --role mains\n${helpOf(OPTIONS)}\n`);
    process.exit(0);
  }
  const role = meterRole.safeParse(options.role);
  if (options.nats === undefined) throw new WrongUse("--nats URL is missing: where does the meter publish?");
  if (!role.success)
    throw new WrongUse(`--role ${options.role ?? ""}: expected one of ${meterRole.options.join(", ")}`);
  if ((role.data === "ev") !== (options.evse !== undefined))
    throw new WrongUse("--evse ID is for --role ev, and only there");
  const seconds = Number(options.seconds ?? "10");
  if (!(seconds >= 5 && seconds <= 600)) throw new WrongUse(`--seconds ${options.seconds ?? ""}: expected 5..600`);
  return { ...options, nats: options.nats, role: role.data, evseId: options.evse ?? null, seconds };
}

function refuse(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}

function sampleOf(text: string): MeterSample | string {
  try {
    const parsed = meterSample.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : describeIssues(parsed.error);
  } catch {
    return "no JSON";
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, ms));
}

const wanted = await Promise.resolve().then(optionsOf).catch(refuse);
const { role, evseId, seconds } = wanted;
const access = async (): Promise<NatsConnection> => connect(natsOptions(wanted.nats));
const connection = await access().catch((error: unknown) =>
  refuse(
    new Error(
      `no NATS at ${URL.parse(wanted.nats)?.host ?? "--nats"}: ${messageOf(error)}; expected the URL of the site's server`,
    ),
  ),
);

/** Everything on the subject, as it comes; the meter is the first that says it is of this role. */
const heard: Heard[] = [];
connection.subscribe(sampleSubject(wanted.site ?? "*", wanted.feed ?? "*"), {
  callback: (error, message) => {
    if (error === null) heard.push({ subject: message.subject, text: message.string(), at: performance.now() });
  },
});

function isWanted({ text }: Heard): boolean {
  const sample = sampleOf(text);
  return typeof sample !== "string" && sample.role === role && sample.evseId === evseId;
}

for (let waitedMs = 0; !heard.some(isWanted) && waitedMs < FIRST_WITHIN_MS; waitedMs += 100) await pause(100);
const subject = heard.find(isWanted)?.subject;
const [, site = "", , , feed = ""] = subject?.split(".") ?? [];

t.test(`a sample of role ${role} is published`, async t => {
  const others = [...new Set(heard.map(entry => entry.subject))].join(", ");
  const wrong = heard.map(({ text }) => sampleOf(text)).find(sample => typeof sample === "string");
  t.ok(
    subject !== undefined,
    subject ??
      `none within ${FIRST_WITHIN_MS / 1_000} s on ${sampleSubject(wanted.site ?? "*", wanted.feed ?? "*")}; ` +
        (heard.length === 0 ? "nothing at all was published there" : `heard on ${others}: ${wrong ?? "another role"}`),
  );
});

if (subject !== undefined) {
  await pause(1_000 * seconds);
  const mine = heard.filter(entry => entry.subject === subject);
  const samples = mine.map(({ text }) => sampleOf(text)).filter(sample => typeof sample !== "string");

  t.test("every message keeps the contract", async t => {
    const wrong = mine.map(({ text }) => sampleOf(text)).filter(sample => typeof sample === "string");
    t.strictSame([...new Set(wrong)], [], `${mine.length} messages`);
    t.ok(
      samples.every(sample => sample.role === role && sample.evseId === evseId),
      `all of role ${role}`,
    );
  });

  t.test("one publisher, whose samples are counted", async t => {
    t.equal(new Set(samples.map(({ from }) => from)).size, 1, [...new Set(samples.map(({ from }) => from))].join(", "));
    const steps = samples.slice(1).map(({ sequence }, at) => sequence - (samples[at]?.sequence ?? 0));
    t.ok(
      steps.every(step => step >= 0),
      "the number never falls",
    );
    const told = new Map<number, string>();
    const changed = samples.filter(({ sequence, currentA }) => {
      const before = told.get(sequence);
      told.set(sequence, JSON.stringify(currentA));
      return before !== undefined && before !== JSON.stringify(currentA);
    });
    t.strictSame(changed, [], "the same number is the same sample");
  });

  t.test("samples come often enough, and say how old they are", async t => {
    const fresh = mine.filter(({ text }, at) => {
      const [sample, before] = [sampleOf(text), sampleOf(mine[at - 1]?.text ?? "")];
      return typeof sample !== "string" && (typeof before === "string" || before.sequence !== sample.sequence);
    });
    const gaps = fresh.slice(1).map(({ at }, index) => at - (fresh[index]?.at ?? at));
    const longestMs = SAMPLE_LIFETIME_MS[role] / SAMPLES_PER_LIFETIME;
    const widest = Math.round(Math.max(...gaps));
    t.ok(
      gaps.length > 0 && widest <= longestMs,
      `at most ${widest} ms between samples; permitted ${Math.round(longestMs)} ms`,
    );
    const oldest = Math.round(Math.max(...samples.map(({ ageMs }) => ageMs)));
    t.ok(oldest <= OLDEST_MS, `at most ${oldest} ms old when published; permitted ${OLDEST_MS} ms`);
  });

  t.test("what it says is believed by the site's own driver", async t => {
    const driver = driverOf();
    const problems: string[] = [];
    let believed = 0;
    driver.start({
      sample: () => {
        believed += 1;
      },
      problem: words => problems.push(words),
    });
    await pause(2 * (SAMPLE_LIFETIME_MS[role] / SAMPLES_PER_LIFETIME));
    await driver.stop();
    t.ok(believed > 0, `${believed} samples`);
    t.strictSame(problems, [], "and nothing of it was refused");
  });

  // The same suite that every driver of this project passes.
  meterPortSuite(t, subject, async () => ({
    driver: driverOf(),
    clock: systemClock,
    provoke: () => Promise.resolve(),
    isFed: false,
  }));
}

t.teardown(() => connection.close());

function driverOf(): NatsMeter {
  const mounting = { reversed: false, phaseRotation: ["l1", "l2", "l3"] } as const;
  const spec = { kind: "nats", feed, measures: { role, evseId }, role, pollMs: 1_000, mounting } as const;
  return new NatsMeter(spec, { site, connect: access }, systemClock);
}
