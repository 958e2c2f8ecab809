/** Turns pino's JSON lines into short ones for a person at the terminal: time, level, source, message, the object's fields. */
export function shortLine(json: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(json) as Record<string, unknown>;
  } catch {
    // Not ours: a library that writes to the stream itself.
    return json;
  }
  const { level, time, mod, msg } = record;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const fields = Object.entries(record)
    .filter(([key, value]) => !COMMON.has(key) && value !== null)
    .map(([key, value]) => `${key}=${readable(value)}`);
  const source = typeof mod === "string" ? mod.toLowerCase() : "";
  return `${[clock, LEVELS[Number(level)] ?? "", source, String(msg), ...fields].filter(part => part !== "").join(" ")}\n`;
}

/** Said elsewhere in the line, or the same in every line of this process. */
const COMMON = new Set(["level", "time", "mod", "msg", "nodeID", "ns", "svc", "ver", "pid", "hostname", "at"]);

const LEVELS: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  // The common case needs no word.
  30: "",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};

function readable(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "stack" in value) return String(value.stack);
  return JSON.stringify(value);
}
