import express, { type Request, type RequestHandler, type Response, Router } from "express";
import type { SettingsCurrent } from "../../../shared/contracts/settings.ts";
import { numberIn } from "../../../shared/settings/read.ts";
import type { Gateway } from "../asks.ts";
import { HttpRefusal, refusalOf } from "../http/errors.ts";
import { ownNetwork } from "../http/network.ts";
import type { PointIdentity } from "../identity.ts";
import { batteryDeciA, meterFor, meterStatusOf, statusOf } from "../knowledge.core.ts";
import { whole } from "./currents.core.ts";
import { currentsPlan, evMeterFeeds, type FeedContext, type FeedWish } from "./feed.core.ts";
import { meterLabel } from "./meters-tree.core.ts";
import { settingsWishes } from "./params.core.ts";
import { intParam, mergeReplies, type Params, type Reply } from "./parse.core.ts";
import { change, changesOf, type Outcome, replyTo, type SettingsContext, type Wish, wishFor } from "./plan.core.ts";
import { lastSession, powerDayOf } from "./records.ts";
import { READER_OFF, swipeOf, swipeReply } from "./swipe.core.ts";
import { treeOf } from "./tree.core.ts";
import { uploadRouter } from "./upload.ts";

/** Largest body that is looked into; a certificate is 2 kB. */
const MAX_BODY = "64kb";

/**
 * The interface of a SmartEVSE for one charge point. `pointOf` says which one a request means; null passes the request
 * on to whatever else stands at that path.
 */
export function smartEvseRouter(gateway: Gateway, pointOf: (request: Request) => PointIdentity | null): Router {
  const router = Router({ mergeParams: true });
  const points = new WeakMap<Request, PointIdentity>();
  const known: RequestHandler = (request, _response, next) => {
    const point = pointOf(request);
    if (point !== null) points.set(request, point);
    next(point === null ? "router" : undefined);
  };
  const pointOfKnown = (request: Request): PointIdentity => {
    const point = points.get(request);
    if (point === undefined) throw new Error(`${request.path} came past the choice of a charge point`);
    return point;
  };
  const body = express.text({ type: () => true, limit: MAX_BODY });

  function onPost(path: string, answer: (params: Params, point: PointIdentity) => Promise<Reply>): void {
    router.post(path, known, body, async (request, response) => {
      respond(response, await answer(paramsOf(request), pointOfKnown(request)));
    });
  }

  router.get("/settings", known, (request, response) => {
    const { identity, clock } = gateway;
    respond(
      response,
      treeOf({
        known: gateway.known(),
        settings: settingsInForce(gateway),
        point: pointOfKnown(request),
        points: identity.points,
        version: identity.version,
        network: ownNetwork(),
        now: clock.now(),
        civilMs: clock.civilMs(),
      }),
    );
  });

  router.get("/session/last", known, async (request, response) => {
    const last = await lastSession(query => gateway.asks.sessions(query), pointOfKnown(request).id);
    if (last === null) response.set("Cache-Control", "no-store").status(204).end();
    else respond(response, last);
  });
  router.get("/power_day", known, async (_request, response) => {
    respond(response, powerDayOf(await gateway.asks.powerDay()));
  });

  onPost("/settings", (params, point) => {
    const context = contextOf(gateway, point);
    return carryOut(gateway, settingsWishes(params, context));
  });
  // An alias that never was in the firmware, only in its documents: the parameter `mode` of /settings alone.
  onPost("/mode", (params, point) => {
    const mode = params.get("mode");
    const alone: Params = new Map(mode === undefined ? [] : [["mode", mode]]);
    return carryOut(gateway, settingsWishes(alone, contextOf(gateway, point)));
  });
  onPost("/currents", async (params, point) => {
    const plan = currentsPlan(params, feedContextOf(gateway, point));
    const stored = await carryOut(gateway, plan.wishes);
    if (plan.batteryDeciA !== null && "battery_current" in stored) {
      gateway.learn({ kind: "battery-fed", currentDeciA: plan.batteryDeciA });
    }
    return mergeReplies([plan.reply, stored, ...(await feedAll(gateway, plan.feeds))]);
  });
  onPost("/ev_meter", async (params, point) =>
    mergeReplies(await feedAll(gateway, evMeterFeeds(params, feedContextOf(gateway, point)))),
  );
  onPost("/rfid", (params, point) => swipe(gateway, params, point));
  router.use(uploadRouter(gateway, known));
  onPost("/cablelock", (params, point) => {
    const locked = params.has("1") ? 1 : 0;
    return carryOut(gateway, [wishFor(change("cablelock", point.id, locked), "cablelock", locked, null)]);
  });
  for (const colour of ["off", "normal", "smart", "solar", "custom"]) {
    onPost(`/color_${colour}`, (params, point) => carryOut(gateway, colourWishes(colour, params, point)));
  }
  return router;
}

/** A point without a reader service is one whose reader is not enabled. */
async function swipe(gateway: Gateway, params: Params, point: PointIdentity): Promise<Reply> {
  const asked = swipeOf(params, numberIn(settingsInForce(gateway), "rfidreader", point.id) !== 0);
  if (!asked.ok) return asked.reply;
  try {
    const { outcome } = await gateway.asks.presentCard(point.id, asked.digits);
    return swipeReply(asked.digits, outcome);
  } catch (error) {
    if (refusalOf(error)?.code === "owner.absent") return READER_OFF;
    throw error;
  }
}

/** Red, green and blue, all three and in range, or nothing (spec interfaces 1.8). */
function colourWishes(colour: string, params: Params, point: PointIdentity): readonly Wish[] {
  const [R, G, B] = [intParam(params, "R"), intParam(params, "G"), intParam(params, "B")];
  if (R === null || G === null || B === null) return [];
  return [wishFor(change(`color_${colour}`, point.id, [R, G, B]), "color", { [colour]: { R, G, B } }, null)];
}

/** Bodies the firmware never looked into are merged in where the query lacks the name; unreadable ones add nothing. */
function paramsOf(request: Request): Params {
  const query = request.originalUrl.split("?").slice(1).join("?");
  const params = new Map<string, string>();
  for (const [name, value] of [...new URLSearchParams(query), ...bodyParams(request)]) {
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

function bodyParams(request: Request): readonly (readonly [string, string])[] {
  const body: unknown = request.body;
  if (typeof body !== "string" || body.trim() === "") return [];
  if (/^\s*\{/.test(body)) return jsonParams(body);
  return request.is("application/x-www-form-urlencoded") === false ? [] : [...new URLSearchParams(body)];
}

function jsonParams(body: string): readonly (readonly [string, string])[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // Existing clients send any body at all and expect 200 (spec interfaces 1.1).
    return [];
  }
  return Object.entries(parsed as Record<string, unknown>).flatMap(([name, value]) => {
    const text = textOf(name, value);
    return text === null ? [] : [[name, text] as const];
  });
}

/** Null for what no query could say: an object for a mode is no mode 0, which would end the charging. */
function textOf(name: string, value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return Number.isFinite(value) ? String(BigInt(Math.trunc(value))) : null;
  // The one parameter that is a list, as JSON in text where the query holds it.
  return name === "intervals" && Array.isArray(value) ? JSON.stringify(value) : null;
}

function settingsInForce(gateway: Gateway): SettingsCurrent {
  const heard = gateway.known().settings;
  if (heard !== null) return heard.value;
  throw new HttpRefusal(
    503,
    "settings.unheard",
    "the settings of this site have not arrived yet; try again in a moment",
  );
}

function contextOf(gateway: Gateway, point: PointIdentity): SettingsContext {
  const { clock } = gateway;
  return {
    evseId: point.id,
    serial: point.serial,
    settings: settingsInForce(gateway),
    civilMs: clock.civilMs(),
    activePhases: statusOf(gateway.known(), point.id, clock.now())?.phases ?? 0,
  };
}

function feedContextOf(gateway: Gateway, point: PointIdentity): FeedContext {
  const context = contextOf(gateway, point);
  const known = gateway.known();
  const now = gateway.clock.now();
  const labels = { known, settings: context.settings, point, now };
  return {
    ...context,
    mainsIsApi: meterLabel(labels, "mains") === "API",
    circuitIsApi: meterLabel(labels, "circuit") === "API",
    evIsApi: meterLabel(labels, "ev") === "API",
    batteryDeciA: batteryDeciA(known, now),
    chargedWh: whole(statusOf(known, point.id, now)?.session?.energyWh ?? 0),
  };
}

/** One update for everything a request changes; the owner decides before the reply goes out. */
async function carryOut(gateway: Gateway, wishes: readonly Wish[]): Promise<Reply> {
  const changes = changesOf(wishes);
  const outcomes: readonly Outcome[] =
    changes.length === 0 ? [] : (await gateway.asks.updateSettings("rest", changes)).outcomes;
  return replyTo(wishes, outcomes);
}

/** The replies of the groups whose meter took them. */
async function feedAll(gateway: Gateway, feeds: readonly FeedWish[]): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  for (const { feed, reply } of feeds) {
    const meter = meterFor(gateway.known(), feed.role, feed.evseId);
    const status = meter === null ? null : meterStatusOf(meter, gateway.clock.now());
    if (status === null) continue;
    if (await isTaken(gateway.asks.feedMeter(status.meterId, feed))) replies.push(reply);
  }
  return replies;
}

/** Values the meter does not believe are passed over like any other bad value; the meter says so in its status. */
async function isTaken(feeding: ReturnType<Gateway["asks"]["feedMeter"]>): Promise<boolean> {
  try {
    return (await feeding).accepted;
  } catch (error) {
    if (refusalOf(error)?.code === "meter.feed-refused") return false;
    throw error;
  }
}

function respond(response: Response, reply: Reply): void {
  response.set("Cache-Control", "no-store").status(200).json(reply);
}
