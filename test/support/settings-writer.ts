import { writeSync } from "node:fs";
import { openSqliteStore } from "../../services/settings/drivers/sqlite-store.ts";
import { beginWith, currentOf, updateSettings } from "../../services/settings/settings.core.ts";
import { NO_VALUES } from "../../services/settings/values.core.ts";

/**
 * Writes settings as fast as it can and prints one line per acknowledgement, until somebody kills it. First it prints
 * what it found. Two settings of one batch always carry the same number: half a batch would show.
 */
const store = openSqliteStore(process.argv[2] ?? "");
const site = { points: [{ id: "left", serial: 1 }], mainsMeterPresent: false, initial: NO_VALUES };
let { state } = beginWith(site, await store.load());
const found = currentOf(state);
print({ found: found.revision, username: found.site["mqtt_username"], idTag: found.points["left"]?.["ocpp_cb_id"] });

for (;;) {
  const number = state.revision + 1;
  const step = updateSettings(state, {
    by: "crash test",
    at: new Date().toISOString(),
    changes: [
      { key: "mqtt_username", evseId: null, value: `n${number}` },
      { key: "ocpp_cb_id", evseId: "left", value: `n${number}` },
    ],
  });
  for (const output of step.outputs) if (output.kind === "store") await store.put(output.batch);
  ({ state } = step);
  print({ acknowledged: number });
}

/** One system call per line: what was printed has left the process. */
function print(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
