import type { NamedLine } from "./assemble.ts";
import { measuresAllPoints } from "./circuits.ts";
import type { Site } from "./site-file.ts";

/** A meter of that role whose driver the site file fixes, whatever the settings say. */
export function hasFixedMeter(site: Site, role: "mains" | "circuit"): boolean {
  return site.services.some(instance => {
    if (instance.service !== "meter" || instance["role"] !== role) return false;
    if (role === "circuit" && !measuresAllPoints(site, instance.id)) return false;
    const driver = instance["driver"] as { readonly kind?: unknown } | undefined;
    return driver !== undefined && driver.kind !== "setting";
  });
}

/** What the site file says of the way to a meter. */
interface MeterDriver {
  readonly kind: string;
  readonly line?: string | undefined;
}

/** The line that a meter is on: the one it names, or the only one there is; a setting may turn out to need none. */
export function linesOfMeter(driver: MeterDriver, site: Site): readonly NamedLine[] {
  if (driver.kind !== "setting" && driver.kind !== "modbus" && driver.kind !== "sensorbox") return [];
  const names = Object.keys(site.lines);
  const line = driver.line ?? (names.length === 1 ? names[0] : undefined);
  return line === undefined ? [] : [{ line, path: "driver.line" }];
}

/** A meter that needs a line, and does not say which of them. */
export function problemsOfMeterLine(driver: MeterDriver, site: Site): readonly string[] {
  const names = Object.keys(site.lines);
  if ((driver.kind !== "modbus" && driver.kind !== "sensorbox") || driver.line !== undefined || names.length === 1)
    return [];
  return [
    names.length === 0
      ? `driver.line: a ${driver.kind} meter needs a line, and lines is empty`
      : `driver.line: is missing; expected one of: ${names.join(", ")}`,
  ];
}
