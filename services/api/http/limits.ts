import express, { type Request, Router } from "express";
import { idSchema } from "../../../shared/contracts/units.ts";
import type { Gateway } from "../asks.ts";
import { limitsOf } from "../knowledge.core.ts";
import { HttpRefusal } from "./errors.ts";
import { bodyOf, route } from "./route.ts";
import { limitBody } from "./schemas.ts";

const MAX_BODY = "4kb";

/** /api/v1/limits: limits from outside, each with its owner and its end, and the quarter hour that runs. */
export function limitsRouter({ asks, known, clock }: Gateway): Router {
  const router = Router();

  route(router, "/", {
    GET: (_request, response) => {
      const limits = limitsOf(known(), clock.now());
      if (limits === null) {
        throw new HttpRefusal(503, "limits.unheard", "no limits service is heard; it belongs into the site file");
      }
      response.set("Cache-Control", "no-store").json(limits);
    },
  });
  route(router, "/:limitId", {
    PUT: [
      express.json({ limit: MAX_BODY, strict: false }),
      async (request, response) => {
        const { owner, evseId, maxA, maxW, expiresInS } = bodyOf(limitBody, request);
        const limitId = idOf(String(request.params["limitId"]), "limitId");
        response.json(
          await asks.setLimit({ limitId, owner, evseId, maxA: maxA ?? null, maxW: maxW ?? null, expiresInS }),
        );
      },
    ],
    DELETE: async (request, response) => {
      const limitId = idOf(String(request.params["limitId"]), "limitId");
      response.json(await asks.withdrawLimit({ limitId, owner: idOf(ownerIn(request), "owner") }));
    },
  });
  return router;
}

function ownerIn(request: Request): string {
  const owner = new URLSearchParams(request.originalUrl.split("?")[1] ?? "").get("owner");
  if (owner !== null) return owner;
  throw new HttpRefusal(400, "owner.missing", "owner: is missing; only the owner of a limit withdraws it", {
    field: "owner",
    permitted: "?owner=<who set it>",
  });
}

function idOf(text: string, field: string): string {
  const parsed = idSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new HttpRefusal(
    400,
    `${field === "owner" ? "owner" : "limit"}.invalid`,
    `${field}: ${JSON.stringify(text)} is none`,
    {
      field,
      permitted: "1 to 32 of a-z, 0-9 and -",
    },
  );
}
