import type { Server } from "node:http";
import { messageOf, StartRefused } from "../../../shared/errors.ts";

/** Opens the port, or says what is in the way and what to do. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new StartRefused(whyNot(error, host, port), { cause: error }));
    });
    server.listen({ host, port }, () => resolve());
  });
}

function whyNot(error: NodeJS.ErrnoException, host: string, port: number): string {
  const choose = "choose another with HTTP_PORT, or port of the api service in the site file";
  if (error.code === "EADDRINUSE") {
    return `port ${port} of ${host} is taken, perhaps by another edge-evse or another web server ("ss -ltnp" shows by whom); ${choose}`;
  }
  if (error.code === "EACCES") {
    return `this user may not listen on port ${port} of ${host}; ports from 1024 on are open to all; ${choose}`;
  }
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    const expected = "127.0.0.1 (this machine only), 0.0.0.0 (all networks) or one of its addresses";
    return `${host} is no address of this machine; expected ${expected} as host of the api service in the site file`;
  }
  return `port ${port} of ${host} cannot be opened: ${messageOf(error)}; ${choose}`;
}
