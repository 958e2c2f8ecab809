import { EventEmitter } from "node:events";
import firmataIo, { type Firmata, type FirmataTransport } from "firmata-io";
import { messageOf } from "../../../shared/errors.ts";
import { FEATURE_ID } from "../../../shared/evse-sysex/codes.ts";
import { encodeCommand } from "../../../shared/evse-sysex/command.ts";
import { decodeMessage } from "../../../shared/evse-sysex/message.ts";
import type { BoardCommand, BoardListener, BoardMessage, OpenBoard } from "../pilot.port.ts";
import { FreePins, type PinPlan } from "./free-pins.ts";
import type { Link, OpenLink } from "./link.ts";
import { fromWire, toWire } from "./sysex-translation.ts";

/** The longest message of a board is its capability reply; what grows beyond this has lost its end. */
const LONGEST_MESSAGE = 512;
/** Version, then firmware: Firmata ignores every sysex before the version. */
const IDENTIFY = Uint8Array.of(0xf9, 0xf0, 0x79, 0xf7);

export interface FirmataBoardOptions extends PinPlan {
  readonly openLink: OpenLink;
}

/** A board that speaks Firmata and the EVSE sysex set. Answers how to open it, as often as needed. */
export function firmataBoard({ openLink, ...plan }: FirmataBoardOptions): OpenBoard {
  const pins = new FreePins(plan);
  return listener => new Connection(openLink, pins, listener);
}

/** Sysex handlers of firmata-io are one table per process: one handler, and the board it was called on decides. */
const connections = new WeakMap<Firmata, (data: readonly number[]) => void>();
let registered = false;

class Connection {
  readonly #listener: BoardListener;
  readonly #pins: FreePins;
  readonly #link: Link;
  readonly #io: Firmata;
  #ended = false;

  constructor(openLink: OpenLink, pins: FreePins, listener: BoardListener) {
    this.#listener = listener;
    this.#pins = pins;
    const transport = new Transport(bytes => {
      this.#write(bytes);
    });
    this.#io = new firmataIo.Firmata(transport);
    // It would ask once, 5 s from now; the pilot asks sooner and more than once.
    clearTimeout(this.#io.reportVersionTimeoutId);
    this.#hear(this.#io);
    this.#link = openLink({
      opened: () => {
        this.#write(IDENTIFY);
      },
      data: bytes => {
        this.#feed(transport, bytes);
      },
      closed: reason => {
        if (this.#ended) return;
        this.#ended = true;
        listener.closed(reason);
      },
    });
  }

  send(command: BoardCommand): void {
    if (this.#ended) return;
    if (command.kind === "identify") this.#write(IDENTIFY);
    else if (command.kind === "interrupt-pilot") this.#onPins(pins => pins.interruptPilot(command.interrupted));
    else if (command.kind === "light") this.#onPins(pins => pins.light(command.rgb, command.setUp));
    else if (command.kind === "read-inputs") this.#onPins(pins => pins.readInputs());
    else this.#io.sysexCommand(encodeCommand(toWire(command)));
  }

  close(): void {
    this.#ended = true;
    this.#link.close();
  }

  #hear(io: Firmata): void {
    if (!registered) {
      io.sysexResponse(FEATURE_ID, function (data) {
        connections.get(this)?.(data);
      });
      registered = true;
    }
    connections.set(io, data => {
      const decoded = decodeMessage(data);
      this.#tell(decoded.ok ? fromWire(decoded.message) : { kind: "garbled", problem: decoded.reason });
    });
    io.on("queryfirmware", () => {
      const { name = "", version = { major: 0, minor: 0 } } = io.firmware;
      this.#tell({ kind: "firmware", name, major: version.major, minor: version.minor });
    });
    io.once("ready", () => {
      this.#guarded(() => {
        this.#pins.attach(io, {
          switchIs: closed => this.#tell({ kind: "switch", closed }),
          temperatureIs: milliV => this.#tell({ kind: "temperature", milliV }),
        });
        this.#tell({ kind: "ready" });
      });
    });
  }

  /** Byte by byte, so that a message on which the parser throws takes nothing of its neighbours with it. */
  #feed(transport: Transport, bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#ended) return;
      try {
        transport.emit("data", [byte]);
      } catch (error) {
        this.#forget(`not understood: ${messageOf(error)}`);
      }
      if (this.#io.buffer.length > LONGEST_MESSAGE) this.#forget(`${LONGEST_MESSAGE} bytes without an end`);
    }
  }

  #forget(problem: string): void {
    this.#io.buffer.length = 0;
    this.#tell({ kind: "garbled", problem });
  }

  #onPins(use: (pins: FreePins) => void): void {
    this.#guarded(() => {
      use(this.#pins);
    });
  }

  /** What johnny-five makes of a board that described itself wrongly ends the connection, not the process. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.close();
      this.#listener.closed(`pin table of the board is unusable: ${messageOf(error)}`);
    }
  }

  #write(bytes: Uint8Array): void {
    if (!this.#ended) this.#link.write(bytes);
  }

  #tell(message: BoardMessage): void {
    if (!this.#ended) this.#listener.message(message);
  }
}

/** What firmata-io takes in place of a serial port. */
class Transport extends EventEmitter implements FirmataTransport {
  readonly #send: (bytes: Uint8Array) => void;

  constructor(send: (bytes: Uint8Array) => void) {
    super();
    this.#send = send;
  }

  write(bytes: Uint8Array, written: () => void): void {
    this.#send(bytes);
    written();
  }
}
