import { connect } from "node:net";
import type { OpenLink } from "./link.ts";

/** A peer that vanished without a word is noticed by the reports that stay away; this only frees the socket. */
const KEEP_ALIVE_MS = 1_000;
const LAST_WORD_MS = 500;

/** A board behind a serial server, or a simulated one. */
export function tcpLink({ host, port }: { readonly host: string; readonly port: number }): OpenLink {
  return listener => {
    let reason = "the other side closed the connection";
    let told = false;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    socket.on("connect", () => {
      if (!told) listener.opened();
    });
    socket.on("data", bytes => {
      if (!told) listener.data(bytes);
    });
    socket.on("error", error => {
      reason = error.message;
    });
    socket.on("close", () => {
      if (told) return;
      told = true;
      listener.closed(`tcp ${host}:${port}: ${reason}`);
    });
    return {
      write(bytes) {
        if (socket.connecting || !socket.writable) return;
        // What is said in one turn leaves as one packet: an LED alone is three messages, twenty times a second.
        if (socket.writableCorked === 0) {
          socket.cork();
          process.nextTick(() => socket.uncork());
        }
        socket.write(bytes);
      },
      close() {
        told = true;
        // The last word shall still get out; a peer that takes nothing any more must not keep the socket.
        socket.destroySoon();
        setTimeout(() => socket.destroy(), LAST_WORD_MS).unref();
      },
    };
  };
}
