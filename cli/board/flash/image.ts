import { readFileSync, statSync } from "node:fs";
import { EXPECTED_FIRMWARE } from "../../../services/pilot/pilot.config.ts";
import { messageOf } from "../../../shared/errors.ts";
import { FirmwareFileRefused } from "../errors.ts";
import { type FlashImage, parseIntelHex } from "./intel-hex.ts";

/** An ATmega328P has 32 KB, of which a boot loader takes at least the last 512 bytes. */
const FLASH_LIMIT_BYTES = 32_768 - 512;
/** Hexadecimal digits need less than three characters per byte. */
const FILE_LIMIT_BYTES = 3 * 32_768;

/** Reads a firmware file and makes sure that it is one of ours. */
export function readFirmwareFile(file: string): FlashImage {
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > FILE_LIMIT_BYTES) {
      throw new FirmwareFileRefused(
        `${file}: ${size} bytes; a .hex file for this board has at most ${FILE_LIMIT_BYTES}`,
      );
    }
    text = readFileSync(file, "latin1");
  } catch (error) {
    if (error instanceof FirmwareFileRefused) throw error;
    throw new FirmwareFileRefused(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  let image: FlashImage;
  try {
    image = parseIntelHex(text, FLASH_LIMIT_BYTES);
  } catch (error) {
    throw new FirmwareFileRefused(`${file}: ${messageOf(error)}`, { cause: error });
  }
  if (!Buffer.from(image.bytes).includes(EXPECTED_FIRMWARE.name, 0, "latin1")) {
    throw new FirmwareFileRefused(
      `${file}: the name ${EXPECTED_FIRMWARE.name} does not occur in it: not a firmware of this project`,
    );
  }
  return image;
}
