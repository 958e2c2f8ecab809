/** The part of firmata-io that the board driver uses; the package brings no types. */
declare module "firmata-io" {
  import { EventEmitter } from "node:events";

  export interface FirmataTransport extends EventEmitter {
    write(bytes: Uint8Array, written: () => void): void;
  }

  export class Firmata extends EventEmitter {
    constructor(transport: FirmataTransport);
    readonly firmware: {
      readonly name?: string;
      readonly version?: { readonly major: number; readonly minor: number };
    };
    /** Bytes of a message that is not complete yet. */
    readonly buffer: number[];
    readonly reportVersionTimeoutId: NodeJS.Timeout;
    readonly transport: FirmataTransport;
    readonly MODES: { readonly PULLUP: number };
    pinMode(pin: number, mode: number): void;
    reportDigitalPin(pin: number, on: 0 | 1): void;
    reportAnalogPin(channel: number, on: 0 | 1): void;
    setSamplingInterval(ms: number): void;
    sysexCommand(message: readonly number[]): this;
    sysexResponse(id: number, handler: (this: Firmata, data: number[]) => void): this;
  }

  const bindTransport: { readonly Firmata: typeof Firmata };
  export default bindTransport;
}
