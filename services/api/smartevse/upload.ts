import express, { type Request, type RequestHandler, type Response, Router } from "express";
import type { Gateway } from "../asks.ts";
import { parseCardText } from "../card-text.core.ts";
import { replaceCards } from "../http/card-list.ts";

const CARD_FILE = "rfid.txt";
const FIRMWARE = ["firmware.bin", "firmware.debug.bin", "firmware.signed.bin", "firmware.debug.signed.bin"];
/** 20,000 cards with their names. */
const MAX_SIZE = 4_000_000;

/**
 * POST /update of a SmartEVSE (spec interfaces 1.15): a file in parts, each with its `offset`. Only the card list is
 * taken; it replaces the whole list once its last part is there. Refusals are plain text with status 400.
 */
export function uploadRouter(gateway: Gateway, known: RequestHandler): Router {
  const router = Router({ mergeParams: true });
  /** What has come of the file so far. One at a time: the firmware's page sends part after part. */
  let received: Buffer = Buffer.alloc(0);
  router.post(
    "/update",
    known,
    express.raw({ type: () => true, limit: MAX_SIZE }),
    async (request: Request, response: Response) => {
      const query = new URLSearchParams(request.originalUrl.split("?")[1] ?? "");
      const part: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const objection = objectionTo(query, received.length);
      if (objection !== null) {
        response.status(400).type("text/plain").send(objection);
        return;
      }
      const size = Number(query.get("size"));
      received = Buffer.concat([Number(query.get("offset")) === 0 ? Buffer.alloc(0) : received, part]);
      if (received.length < size) {
        response.type("text/plain").send(String(received.length));
        return;
      }
      const whole = received;
      received = Buffer.alloc(0);
      const parsed =
        whole.length === size
          ? parseCardText(whole.toString("utf8"))
          : { ok: false as const, error: `expected ${size} bytes, got ${whole.length}` };
      if (!parsed.ok) {
        response.status(400).type("text/plain").send(`${CARD_FILE}: ${parsed.error}`);
        return;
      }
      const result = await replaceCards(gateway, parsed.cards);
      if (result.outcome === "full") {
        response.status(400).type("text/plain").send("rfid.txt too big, only 20000 rfid's allowed!");
        return;
      }
      response.type("text/plain").send(String(size));
    },
  );
  return router;
}

function objectionTo(query: URLSearchParams, have: number): string | null {
  const [file, offset, size] = ["file", "offset", "size"].map(name => query.get(name));
  if (file === null || file === undefined || file === "") return "file required";
  if (FIRMWARE.includes(file)) return "the gateway is updated as a package, not by this file; only rfid.txt is taken";
  if (file !== CARD_FILE) return "only allowed to flash rfid.txt";
  if (offset === null || offset === undefined || !/^\d+$/.test(offset)) return "offset required";
  if (size === null || size === undefined || !/^\d+$/.test(size)) return "size required";
  if (Number(size) > MAX_SIZE) return `over max size of ${MAX_SIZE}`;
  if (Number(offset) !== 0 && Number(offset) !== have) {
    return `offset ${offset} does not follow the ${have} bytes that have come; begin again with offset 0`;
  }
  return null;
}
