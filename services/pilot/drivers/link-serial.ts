import { SerialPort } from "serialport";
import type { OpenLink } from "./link.ts";

const LAST_WORD_MS = 500;

/** A board on a serial line or USB adapter. */
export function serialLink({ path, baudRate }: { readonly path: string; readonly baudRate: number }): OpenLink {
  return listener => {
    let told = false;
    // hupcl off: closing the port must not pull DTR and reset the board the next time it is opened.
    const port = new SerialPort({ path, baudRate, hupcl: false, autoOpen: false });

    function end(reason: string): void {
      if (told) return;
      told = true;
      listener.closed(`serial ${path}: ${reason}`);
      if (port.isOpen) port.close();
    }

    port.on("data", (bytes: Buffer) => {
      if (!told) listener.data(bytes);
    });
    port.on("error", error => {
      end(error.message);
    });
    port.on("close", () => {
      end("the port closed: cable or adapter gone");
    });
    port.open(error => {
      if (error !== null) end(error.message);
      else if (told) port.close();
      else listener.opened();
    });
    return {
      write(bytes) {
        if (port.isOpen) port.write(bytes);
      },
      close() {
        told = true;
        if (!port.isOpen) return;
        const shut = (): void => {
          if (port.isOpen && !port.closing) port.close();
        };
        // The last word shall still get out; an adapter that takes nothing any more must not keep the port.
        port.write("", shut);
        setTimeout(shut, LAST_WORD_MS).unref();
      },
    };
  };
}
