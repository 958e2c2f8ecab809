import express, { type Request, Router } from "express";
import { parseUid } from "../../../shared/card-uid.ts";
import type { Card, CardsChangeResult } from "../../../shared/contracts/rfid.ts";
import type { Gateway } from "../asks.ts";
import { cardText, parseCardText } from "../card-text.core.ts";
import { cardList, replaceCards } from "./card-list.ts";
import { HttpRefusal } from "./errors.ts";
import { bodyOf, route } from "./route.ts";
import { cardBody, cardsBody } from "./schemas.ts";

/** 20,000 cards with their names. */
const MAX_BODY = "4mb";

/** /api/v1/cards: the card list of the site, for those who keep it. */
export function cardsRouter(gateway: Gateway): Router {
  const { asks } = gateway;
  const router = Router();
  const body = [express.json({ limit: MAX_BODY, strict: false }), express.text({ type: "text/*", limit: MAX_BODY })];

  route(router, "/", {
    GET: async (request, response) => {
      const list = await cardList(gateway);
      response.set("Cache-Control", "no-store");
      if (formatOf(request) === "json") response.json(list);
      else response.attachment("rfid.txt").type("text/plain").send(cardText(list.cards));
    },
    POST: [
      ...body,
      async (request, response) => {
        const { uid, user } = bodyOf(cardBody, request);
        response.json(settled(await asks.changeCards({ kind: "add", uid: uidOf(uid, "uid"), user })));
      },
    ],
    PUT: [
      ...body,
      async (request, response) => {
        response.json(settled(await replaceCards(gateway, cardsIn(request))));
      },
    ],
  });
  route(router, "/:uid", {
    DELETE: async (request, response) => {
      const result = await asks.changeCards({ kind: "remove", uid: uidOf(String(request.params["uid"]), "uid") });
      if (result.outcome === "not-stored") {
        throw new HttpRefusal(404, "card.unknown", "this card is not in the list");
      }
      response.json(result);
    },
  });
  return router;
}

function cardsIn(request: Request): readonly Card[] {
  if (typeof request.body === "string") {
    const parsed = parseCardText(request.body);
    if (!parsed.ok) throw new HttpRefusal(400, "body.invalid", parsed.error);
    return parsed.cards;
  }
  return bodyOf(cardsBody, request).cards.map(({ uid, user }, index) => ({
    uid: uidOf(uid, `cards.${index}.uid`),
    user,
  }));
}

function uidOf(text: string, field: string): string {
  const parsed = parseUid(text);
  if (parsed.ok) return parsed.uid;
  throw new HttpRefusal(400, "card.invalid", `${field}: ${parsed.error}`, {
    field,
    permitted: "8, 12, 14 or 20 hex digits",
  });
}

function settled(result: CardsChangeResult): CardsChangeResult {
  if (result.outcome !== "full") return result;
  throw new HttpRefusal(409, "cards.full", "the card list is full; nothing was changed", { permitted: "20000 cards" });
}

function formatOf(request: Request): "json" | "txt" {
  const format = new URLSearchParams(request.originalUrl.split("?")[1] ?? "").get("format") ?? "json";
  if (format === "json" || format === "txt") return format;
  throw new HttpRefusal(400, "format.unknown", "format: expected json or txt", {
    field: "format",
    permitted: "json, txt",
  });
}
