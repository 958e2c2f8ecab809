import { EvseError } from "../../shared/errors.ts";

/** The board, or what stands behind the line, gave no answer in time. */
export class BoardSilent extends EvseError {
  readonly code = "board-tool.silent";
}

/** What was asked for would be unsafe or cannot work now. Nothing was changed. */
export class BoardRefused extends EvseError {
  readonly code = "board-tool.refused";
}

/** A file is no firmware for this board. */
export class FirmwareFileRefused extends EvseError {
  readonly code = "board-tool.firmware-file";
}

/** The flash program is missing or failed. */
export class FlashFailed extends EvseError {
  readonly code = "board-tool.flash-failed";
}
