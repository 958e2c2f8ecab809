import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type EvseFault, evseFault } from "../../shared/contracts/fault.ts";
import type { BoardFault } from "../../shared/contracts/pilot.ts";
import { EvseRig, SMART, UNPLUGGED } from "../support/evse-rig.ts";

// Reads the table "Each fault in each state" of docs/safety.md and shows every cell of it on one point's core.

const STATES = ["A", "B1", "B2", "C2", "C1"] as const;
type Stage = (typeof STATES)[number];

interface Row {
  readonly fault: EvseFault;
  readonly withinMs: number;
  readonly becomes: Readonly<Record<Stage, string>>;
  readonly told: string;
  readonly goesOn: string;
}

/** What causes the fault, and what ends it. */
interface Cause {
  readonly begin: (rig: EvseRig) => void;
  readonly end: (rig: EvseRig) => void;
}

const withheld = (boundBy: "mains.l1" | "mains-silent" | "circuit-silent" | "mode-unavailable"): Cause => ({
  begin: rig => void rig.allot({ limitA: 0, admitted: false, boundBy }),
  end: rig => void rig.allot({ limitA: 16, admitted: true, boundBy: "max" }),
});
const onBoard = (fault: BoardFault): Cause => ({
  begin: rig => void rig.cp(rig.sensed.cp, { faults: [fault] }),
  end: rig => void rig.cp(rig.sensed.cp, { faults: [] }),
});
/** A plug lock that stays as it is: locked, or not. */
const lock = (locked: boolean): Cause => ({
  begin: rig => {
    rig.locked = locked;
    rig.lockMoves = false;
    rig.settings({ lock: "solenoid" }).cp(rig.sensed.cp);
  },
  end: rig => {
    rig.lockMoves = true;
    rig.cp(rig.sensed.cp);
  },
});
const pilot = (cp: "invalid" | "D"): Cause => ({
  begin: rig => void rig.cp(cp),
  end: rig => void rig.cp("A").run(500),
});

const CAUSES: Readonly<Record<EvseFault, Cause>> = {
  "no-current": withheld("mains.l1"),
  "mains-reading-lost": withheld("mains-silent"),
  "solar-unavailable": withheld("mode-unavailable"),
  "ev-meter-lost": {
    begin: rig => void rig.settings({ evMeter: true }).meter(0, 1_000),
    end: rig => void rig.settings({ evMeter: false }),
  },
  "circuit-reading-lost": withheld("circuit-silent"),
  "board-lost": {
    begin: rig => {
      rig.boardSilent = true;
    },
    end: rig => {
      rig.boardSilent = false;
    },
  },
  "pilot-invalid": pilot("invalid"),
  "ventilation-unsupported": pilot("D"),
  "diode-missing": {
    begin: rig => void rig.cp("C", { cpLowV: 0 }),
    end: rig => void rig.cp("C", { cpLowV: UNPLUGGED.cpLowV }),
  },
  "proximity-open": {
    begin: rig => void rig.cp(rig.sensed.cp, { ppOhm: null }),
    end: rig => void rig.cp(rig.sensed.cp, { ppOhm: 220 }),
  },
  "over-temperature": {
    begin: rig => void rig.cp(rig.sensed.cp, { temperatureC: 66 }),
    end: rig => void rig.cp(rig.sensed.cp, { temperatureC: 40 }),
  },
  "rcm-trip": onBoard("rcm-trip"),
  "rcm-test-failed": onBoard("rcm-test-failed"),
  "contactor-weld": onBoard("contactor-weld"),
  "temperature-sensor": onBoard("temperature-sensor"),
  "contactor-stuck-open": onBoard("contactor-stuck-open"),
  "over-current": {
    begin: rig => {
      rig.drawsA = 33;
      rig.meter(33, null);
    },
    end: rig => {
      rig.drawsA = 16;
    },
  },
  "lock-failed": lock(false),
  "lock-jammed": lock(true),
  "settings-missing": {
    begin: () => undefined,
    end: rig => {
      rig.tell({ kind: "settings", settings: SMART });
    },
  },
};

const STAGES: Readonly<Record<Stage, () => EvseRig>> = {
  A: () => new EvseRig(),
  B1: () =>
    new EvseRig()
      .cp("B")
      .run(1_500)
      .allot({ limitA: 0, admitted: false, boundBy: "circuit.l1" })
      .run(20_000)
      .allot({ limitA: 0, admitted: false, boundBy: "not-charging" }),
  B2: () => new EvseRig().cp("B").run(1_500),
  C2: () => new EvseRig().charging(),
  C1: () => new EvseRig().charging().allot({ limitA: 0, boundBy: "circuit.l1" }).run(500),
};

const rows = tableOf(readFileSync(join(import.meta.dirname, "../../docs/safety.md"), "utf8"));

t.test("every fault there is stands in the table", async t => {
  t.strictSame(rows.map(row => row.fault).sort(), [...evseFault.options].sort());
});

for (const { fault, withinMs, becomes, told, goesOn } of rows) {
  for (const stage of STATES) {
    const becomesHere = becomes[stage];
    if (becomesHere === "-") continue;
    t.test(`${fault} in ${stage}: ${becomesHere}, "${told}", goes on ${goesOn} [1.4-36]`, async t => {
      const rig = fault === "settings-missing" ? new EvseRig(null) : STAGES[stage]();
      t.equal(rig.state.state, stage);
      const before = rig.grant;
      CAUSES[fault].begin(rig);
      if (withinMs > 200) rig.run(withinMs - 200);
      if (withinMs > 200) t.match(rig.state, { state: stage }, "not sooner");
      rig.run(withinMs > 200 ? 400 : 0);

      t.equal(rig.state.state, becomesHere);
      const closed = becomesHere === "C2" || becomesHere === "C1";
      t.match(rig.grant, { contactorL1: closed, contactorL23: closed });
      t.equal(rig.grant.offerA, becomesHere === "B2" || becomesHere === "C2" ? before.offerA : 0);
      rig.run(1_000);
      t.ok(rig.status.faults.includes(fault), `told: ${rig.status.faults.join()}`);
      const limitOnly = fault === "no-current" || fault === "mains-reading-lost";
      if (!(limitOnly && stage === "A")) t.match(rig.status.reason, told);
      rig.run(5_200);
      if (becomesHere === "C1") t.match(rig.grant, { contactorL1: false, contactorL23: false });

      // Whoever has to do something is waited for.
      rig.run(60_000);
      t.notOk(rig.grant.contactorL1 && becomesHere !== "C2");
      if (goesOn === "acknowledged") {
        const from = rig.outputs.length;
        rig.tell({ kind: "acknowledge" });
        t.ok(rig.outputs.slice(from).some(output => output.kind === "grant" && output.grant.acknowledge));
      }
      CAUSES[fault].end(rig);
      if (stage === "A" || goesOn === "unplugged") rig.cp("A").run(1_000).cp("B").run(1_000);
      rig.allot({ limitA: 16, admitted: true, boundBy: "max" }).run(10_000).cp("C").run(15_000);
      t.match(rig.status, { state: "C2", faults: [] });
      t.match(rig.grant, { contactorL1: true, offerA: 16 });
    });
  }
}

function tableOf(page: string): readonly Row[] {
  const section = page.split("## Each fault in each state")[1]?.split("\n## ")[0] ?? "";
  const lines = section.split("\n").filter(line => line.startsWith("| `"));
  return lines.map(line => {
    const cells = line
      .slice(1, -1)
      .split(" | ")
      .map(cell => cell.trim());
    const [name = "", , within = "", ...rest] = cells;
    const [told = "", goesOn = ""] = rest.slice(STATES.length);
    const becomes = Object.fromEntries(STATES.map((state, index) => [state, rest[index] ?? ""]));
    return {
      fault: evseFault.parse(name.replaceAll("`", "")),
      withinMs: within === "at once" ? 0 : Number.parseFloat(within) * 1_000,
      becomes: becomes as Row["becomes"],
      told,
      goesOn,
    };
  });
}
