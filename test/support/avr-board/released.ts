import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { programOf } from "./intel-hex.ts";

export const firmwareDir = fileURLToPath(new URL("../../../services/pilot/firmware/", import.meta.url));
/** Another build of the same firmware: mutants are tried through this. */
const HEX = process.env["EVSE_FIRMWARE_HEX"] ?? `${firmwareDir}evse-pilot.hex`;

let program: Uint16Array<ArrayBuffer> | null = null;

/** The firmware of the repository, as it goes onto a board. */
export function releasedFirmware(): Uint16Array<ArrayBuffer> {
  program ??= programOf(readFileSync(HEX, "latin1"));
  return program;
}
