import { writeSync } from "node:fs";
import { sessionFile } from "../../services/evse/drivers/session-file.ts";
import { openHistory } from "../../services/history/drivers/sqlite-history.ts";
import { evseSessionEnded } from "../../shared/contracts/evse.ts";

/**
 * Ends sessions as fast as it can, as a charge point does: written down beside the point, handed to history, taken off the
 * list once that has answered. Prints one line per answer until somebody kills it; first it delivers what was left.
 */
const dir = process.argv[2] ?? "";
const keeper = sessionFile(dir, "left");
const history = openHistory(dir);
const example = evseSessionEnded.example.session;
const { kept, problem } = keeper.load();
if (problem !== null) throw new Error(problem);
for (const session of kept.ended) store(session);
const newest = history.sessions({ evseId: null, from: null, to: null, order: "newest-first", limit: 1, after: null });
let count = newest.sessions[0]?.session.energyWh ?? 0;
print({ found: count });

for (;;) {
  count += 1;
  const startedAt = new Date(Date.UTC(2026, 0, 1) + count * 60_000).toISOString();
  const session = { ...example, sessionId: `left-${count}`, startedAt, energyWh: count };
  await keeper.save({ open: null, ended: [session] });
  print({ ended: count });
  store(session);
  await keeper.save({ open: null, ended: [] });
}

function store(session: typeof example): void {
  const split = { solarWh: session.energyWh, gridWh: 0, unknownWh: 0, source: "measured" as const };
  history.add({ evseId: "left", session, split });
}

/** One system call per line: what was printed has left the process. */
function print(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
