import { ModbusLink } from "../../services/meter/drivers/modbus-link.ts";
import { type LineAddress, lineInWords } from "../../services/meter/drivers/modbus-wire.ts";
import { MeterUnreachable } from "../../shared/errors.ts";
import { systemClock } from "../../shared/time/clock.ts";

export type Answer = Awaited<ReturnType<ModbusLink["exchange"]>>["answer"];

/** The line keeps the gap of its standard; a tool asks for no longer one. */
const NO_MORE_GAP_MS = 0;

/** A line that a tool has for itself. */
export interface OpenLine {
  ask(request: {
    readonly unit: number;
    readonly fn: 3 | 4;
    readonly start: number;
    readonly quantity: number;
  }): Promise<Answer>;
  close(): Promise<void>;
}

/** Opens a line. Rejects with `MeterUnreachable` when it cannot be opened; an answer `lost` means that it is gone. */
export async function openLine(address: LineAddress, replyMs?: number): Promise<OpenLine> {
  return new Promise((resolve, reject) => {
    const link: ModbusLink = new ModbusLink(
      address,
      systemClock,
      {
        up: () =>
          resolve({
            ask: async request => (await link.exchange(request, NO_MORE_GAP_MS)).answer,
            close: () => link.close(),
          }),
        down: reason => reject(new MeterUnreachable(`${lineInWords(address)}: ${reason}`)),
      },
      replyMs,
    );
  });
}
