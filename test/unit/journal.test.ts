import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { replayJournal } from "../../cli/replay.ts";
import { balance } from "../../services/balancer/balancer.core.ts";
import { idleBalancer } from "../../services/balancer/state.core.ts";
import { charge } from "../../services/evse/evse.core.ts";
import { idleEvse } from "../../services/evse/state.core.ts";
import { type Actor, type StepFunction, startActor } from "../../shared/actor/actor.ts";
import { Journal, type JournalLimits, journalLimits } from "../../shared/actor/journal.ts";
import { decode, encode, packJournal, readJournal, unpackJournal } from "../../shared/actor/journal-text.ts";
import { replay } from "../../shared/actor/replay.ts";
import { ManualClock } from "../../shared/time/manual-clock.ts";
import { BalancerRig, LIMITS } from "../support/balancer-rig.ts";
import { EvseRig } from "../support/evse-rig.ts";
import { tempDir } from "../support/servers.ts";

/** A day in the life of a core, told to its actor with a journal; small parts, so that several are filled. */
interface Told<Input> {
  readonly at: number;
  readonly input: Input;
}

function journalOf<State, Input, Output>(
  initial: State,
  step: StepFunction<State, Input, Output>,
  told: readonly Told<Input>[],
  limits?: JournalLimits,
): Journal {
  const journal = new Journal(limits);
  const clock = new ManualClock();
  const actor: Actor<State, Input> = startActor({
    initial,
    step: journal.watch(step),
    perform: () => undefined,
    clock,
  });
  for (const { at, input } of told) {
    clock.advance(at - clock.now());
    actor.tell(input);
  }
  return journal;
}

/** What a rig tells its core. */
function overheard<Rig extends { now: number; tell(input: never): void }>(
  rig: Rig,
  live: (rig: Rig) => void,
): readonly Told<never>[] {
  const told: Told<never>[] = [];
  const tell = rig.tell.bind(rig);
  rig.tell = (input: never) => {
    told.push({ at: rig.now, input });
    tell(input);
  };
  live(rig);
  return told;
}

function evseDay(): readonly Told<never>[] {
  return overheard(new EvseRig(), rig => {
    rig.settings({}).meter(0, 1_000).charging().meter(15.2, 1_000).run(120_000);
    rig.allot({ limitA: 8.5, boundBy: "mains.l2" }).run(30_000).settings({ access: "pause" }).run(20_000);
    rig.settings({ access: "on" }).cp("B").run(30_000).charging().run(60_000);
    rig.cp("C", { faults: ["rcm-trip"] }).run(5_000);
    rig.cp("A", { faults: [] }).run(5_000);
  });
}

function balancerDay(): readonly Told<never>[] {
  return overheard(new BalancerRig(["a", "b", "c"]), rig => {
    rig.tell({ kind: "settings", settings: { ...LIMITS, circuitA: 32 } });
    rig.plug("a", "b").run(90_000);
    rig.houseA = [12, 3, 20];
    rig.plug("c").run(120_000);
    rig.meterSilent = true;
    rig.run(15_000);
    rig.meterSilent = false;
    rig.run(90_000);
  });
}

const POINT = { evseId: "left", phases: 3, safeCurrentA: 0, provisional: null } as const;
const idle = () => idleEvse(POINT, 0);
const wiring = ["a", "b", "c"].map(id => ({
  id,
  rotation: [0, 1, 2] as const,
  supplyPhases: 3 as const,
  safeCurrentA: 0,
}));

const SMALL: JournalLimits = { decisions: 100, inputs: 700 };

for (const [name, core, makeJournal] of [
  ["evse", charge, () => journalOf(idle(), charge, evseDay(), SMALL)],
  ["balancer", balance, () => journalOf(idleBalancer(wiring, 0), balance, balancerDay(), SMALL)],
] as const) {
  t.test(`the ${name}'s decisions come out the same when they are made again from what was written down`, async t => {
    const journal = makeJournal();
    t.equal(journal.parts.length, 2);
    const text = await unpackJournal(await packJournal({ core: name, name }, journal));
    const { head, parts } = readJournal(text);
    t.strictSame(head, { core: name, name });
    const replayed = replay(parts, core);
    t.equal(replayed.difference, null);
    t.ok(replayed.decisions >= 100, `${replayed.decisions} decisions in ${replayed.steps} inputs`);
  });
}

t.test("keeps at least as many decisions as one part holds, and never more than two parts", async t => {
  const journal = new Journal({ decisions: 1_000, inputs: 6_000 });
  const step = journal.watch((state: number, input: boolean) => ({ state: state + 1, outputs: input ? [state] : [] }));
  let state = 0;
  for (let n = 0; n < 100_000; n += 1) {
    state = step(state, n % 3 === 0, n).state;
    if (n < 13_000 || n % 1_000 !== 0) continue;
    const steps = journal.parts.flatMap(({ entries }) => entries);
    const decisions = steps.filter(({ outputs }) => outputs.length > 0).length;
    t.ok(decisions >= 1_000 && decisions <= 2_000 && steps.length <= 12_000);
  }
  const rare = new Journal({ decisions: 1_000, inputs: 6_000 });
  const quiet = rare.watch((count: number) => ({ state: count + 1, outputs: [] }));
  for (let n = 0; n < 20_000; n += 1) quiet(n, null, n);
  t.ok(rare.parts.flatMap(({ entries }) => entries).length <= 12_000, "a core that decides nothing is bounded, too");
});

t.test("many journals in one process share their memory", async t => {
  t.strictSame(journalLimits(1), { decisions: 1_000, inputs: 6_000 });
  t.strictSame(journalLimits(16), { decisions: 1_000, inputs: 6_000 });
  t.strictSame(journalLimits(200), { decisions: 80, inputs: 480 });
});

t.test("a core that decides otherwise is found, at the input where it does", async t => {
  const told = evseDay();
  const parts = journalOf(idle(), charge, told).parts;
  const bolder: typeof charge = (state, input, now) => {
    const step = charge(state, input, now);
    if (input.kind !== "allocation" || input.allocation.limitA !== 8.5) return step;
    return { ...step, outputs: step.outputs.slice(1) };
  };
  const { difference } = replay(parts, bolder);
  t.match(difference, { what: "outputs", was: /"offerA":8\.5/ });
  t.equal(
    difference?.step,
    told.findIndex(
      ({ input }) =>
        (input as { kind: string }).kind === "allocation" &&
        (input as { allocation: { limitA: number } }).allocation.limitA === 8.5,
    ) + 1,
  );
});

t.test("a core that keeps another state without saying so is found where the next part begins", async t => {
  const parts = journalOf(idleBalancer(wiring, 0), balance, balancerDay(), SMALL).parts;
  const other: typeof balance = (state, input, now) => {
    const step = balance(state, input, now);
    return { ...step, state: { ...step.state, startedAt: -1 } };
  };
  t.match(replay(parts, other).difference, { what: "state" });
});

t.test("the text keeps what JSON loses, whatever the value", async () => {
  const value = fc.anything({
    withMap: true,
    withSet: true,
    withNullPrototype: false,
    values: [fc.double(), fc.string(), fc.boolean(), fc.constant(null)],
  });
  fc.assert(fc.property(value, one => encode(decode(encode(one))) === encode(one)));
  fc.assert(fc.property(fc.double(), one => Object.is(decode(encode(one)), one)));
});

t.test("the tool tells what it found, and what a file lacks", async t => {
  const dir = tempDir(t, "journal");
  const journal = journalOf(idle(), charge, evseDay());
  const text = await unpackJournal(await packJournal({ core: "evse", name: "evse-left" }, journal));
  const file = join(dir, "left.jsonl");
  const run = async (content: string) => {
    writeFileSync(file, content);
    const said: string[] = [];
    const code = await replayJournal([file], { print: line => said.push(line) });
    return { code, said };
  };
  t.match(await run(text), { code: 0, said: [/^evse-left: \d+ inputs, \d+ decisions, all the same$/] });
  const changed = text.replace('"offerA":8.5', '"offerA":9.5');
  t.match(await run(changed), {
    code: 1,
    said: [/^evse-left: outputs differ at input \d+/, /^was .*9\.5/, /^is {2}.*8\.5/],
  });
  await t.rejects(run(""), { code: "journal.refused", message: /line 1: expected a journal of layout 1/ });
  await t.rejects(run('{"journal":2,"core":"evse","name":"x"}'), { message: /line 1/ });
  await t.rejects(run(text.replace('"core":"evse"', '"core":"solar"')), {
    message: /core "solar"; expected one of: balancer, evse/,
  });
  await t.rejects(run(`${text.split("\n").slice(0, 3).join("\n")}\n{"at":`), { message: /line 4: expected {"at"/ });
  await t.rejects(replayJournal([join(dir, "none")], { print: () => undefined }), { message: /none: cannot be read/ });
  await t.rejects(replayJournal([], { print: () => undefined }), { code: "cli.wrong-use" });
});
