import express, { type Request, type Response, Router } from "express";
import type { Path } from "../../../shared/complaints.ts";
import type { SettingsUpdateResult } from "../../../shared/contracts/settings.ts";
import { catalogue, settingOf } from "../../../shared/settings/catalogue/index.ts";
import { ACCESS, MODE } from "../../../shared/settings/charge-mode.ts";
import { isStored, settingIn } from "../../../shared/settings/read.ts";
import { permitted } from "../../../shared/settings/validate.ts";
import type { Gateway } from "../asks.ts";
import { explain } from "../explain.core.ts";
import { historyOf } from "../history.core.ts";
import type { PointIdentity } from "../identity.ts";
import { isSimulated, type Knowledge } from "../knowledge.core.ts";
import { pointViewOf, viewOf } from "../view.core.ts";
import { type ChargeChoice, type SiteView } from "../view.ts";
import { wordsOfRead } from "../words.core.ts";
import { HttpRefusal, refusalOf } from "./errors.ts";
import { openApiDocument } from "./openapi.ts";
import { bodyOf, route } from "./route.ts";
import { commandBody, modeBody, presentBody, type SettingsView, settingsPatch } from "./schemas.ts";
import { answerSessions } from "./sessions.ts";
import type { LiveStream } from "./stream.ts";

const MAX_BODY = "64kb";

/** The site as it is known at this moment. */
export function siteViewNow({ known, identity, clock }: Gateway): SiteView {
  return viewOf(known(), identity, clock.now(), clock.civilMs());
}

/** /api/v1: views, and requests to those who decide. */
export function nativeRouter(gateway: Gateway, stream: LiveStream): Router {
  const { identity, asks, known, clock } = gateway;
  const router = Router();
  const json = express.json({ limit: MAX_BODY, strict: false });
  const openApi = openApiDocument(identity.version);

  router.use((_request, response, next) => {
    response.set("Cache-Control", "no-store");
    next();
  });

  route(router, "/site", { GET: (_request, response) => response.json(siteViewNow(gateway)) });
  route(router, "/history", {
    GET: (_request, response) => {
      const ids = identity.points.map(point => point.id);
      response.json(historyOf(known().history, ids));
    },
  });
  route(router, "/sessions", { GET: (request, response) => answerSessions(gateway, request, response) });
  route(router, "/stream", {
    GET: (request, response) => {
      if (stream.join(request, response)) return;
      throw new HttpRefusal(503, "stream.full", "too many clients are on the live stream; poll /api/v1/site instead");
    },
  });
  route(router, "/openapi.json", { GET: (_request, response) => response.json(openApi) });

  route(router, "/points/:id", {
    GET: (request, response) => response.json(pointViewOf(known(), pointNamed(request), clock.now())),
  });
  route(router, "/points/:id/explain", {
    GET: async (request, response) => {
      const { id } = pointNamed(request);
      const [point, shared] = await Promise.all([asks.explainPoint(id), orNull(asks.explainAllocation(id))]);
      response.json(explain(point, shared, clock.civilMs()));
    },
  });
  route(router, "/points/:id/journal", {
    GET: async (request, response) => {
      const { id } = pointNamed(request);
      sendJournal(response, `evse-${id}`, await asks.journal(id));
    },
  });
  route(router, "/balancer/journal", {
    GET: async (_request, response) => sendJournal(response, "balancer", await asks.journal(null)),
  });
  route(router, "/points/:id/mode", {
    POST: [
      json,
      async (request, response) => {
        const point = pointNamed(request);
        const { mode } = bodyOf(modeBody, request);
        answerOutcomes(response, await asks.updateSettings("web", [changeFor(mode, point.id)]));
      },
    ],
  });
  route(router, "/points/:id/acknowledge", {
    POST: async (request, response) => {
      const { id } = pointNamed(request);
      const answer = await asks.acknowledge(id);
      if (!answer.accepted) {
        throw new HttpRefusal(409, "fault.persists", `${id} has nothing to acknowledge, or the cause is still there`);
      }
      response.json(answer);
    },
  });
  route(router, "/points/:id/card", {
    POST: [
      json,
      async (request, response) => {
        const { id } = pointNamed(request);
        const result = await asks.presentCard(id, bodyOf(presentBody, request).uid);
        response.json({ ...result, words: wordsOfRead(result.outcome) });
      },
    ],
  });
  route(router, "/settings", {
    GET: (_request, response) => response.json(settingsViewOf(known())),
    PATCH: [
      json,
      async (request, response) => {
        const { changes } = bodyOf(settingsPatch, request, path => permittedValueAt(path, request.body));
        answerOutcomes(response, await asks.updateSettings("web", changes));
      },
    ],
  });
  route(router, "/simulator/command", {
    POST: [
      json,
      async (request, response) => {
        if (!isSimulated(known(), clock.now())) {
          throw new HttpRefusal(404, "simulator.absent", "no simulator runs on this site");
        }
        response.json(await asks.simulate(bodyOf(commandBody, request).words));
      },
    ],
  });

  router.use(request => {
    const doc = "/api/v1/openapi.json lists what there is";
    throw new HttpRefusal(404, "path.unknown", `nothing is called ${request.originalUrl.split("?")[0] ?? ""}; ${doc}`);
  });
  return router;

  function pointNamed(request: Request): PointIdentity {
    const id = request.params["id"];
    const point = identity.points.find(one => one.id === id);
    if (point !== undefined) return point;
    const ids = identity.points.map(one => one.id).join(", ");
    throw new HttpRefusal(404, "point.unknown", `no charge point is called ${JSON.stringify(id)}`, {
      field: "id",
      permitted: ids,
    });
  }
}

/** The balancer may be away: what the point itself knows is worth telling all the same. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (refusalOf(error)?.status === 503) return null;
    throw error;
  }
}

function sendJournal(response: Response, name: string, text: string): void {
  response.set("Content-Disposition", `attachment; filename="${name}.jsonl"`).type("application/x-ndjson").send(text);
}

function changeFor(mode: ChargeChoice, evseId: string): { key: string; evseId: string; value: number } {
  if (mode === "off") return { key: "access", evseId, value: ACCESS.off };
  if (mode === "pause") return { key: "access", evseId, value: ACCESS.pause };
  // A mode that is accepted brings access with it (shared/settings/charge-mode).
  return { key: "mode", evseId, value: MODE[mode] };
}

/** What the value of a change may be: the key beside it says so. */
function permittedValueAt([, index, field]: Path, body: unknown): string | null {
  if (typeof index !== "number" || field !== "value") return null;
  const key: unknown = (body as { readonly changes: readonly { readonly key: unknown }[] }).changes[index]?.key;
  const setting = typeof key === "string" ? settingOf(key) : undefined;
  return setting === undefined ? null : permitted(setting);
}

/** All accepted: the outcomes. Otherwise the first refusal as an error, with every outcome beside it. */
function answerOutcomes(response: Response, result: SettingsUpdateResult): void {
  const refused = result.outcomes.find(outcome => !outcome.ok);
  if (refused === undefined) {
    response.json(result);
    return;
  }
  const setting = settingOf(refused.key);
  const error = {
    code: "setting.refused",
    message: refused.error ?? `${refused.key} was refused`,
    field: refused.key,
    ...(setting === undefined ? {} : { permitted: permitted(setting) }),
  };
  response.status(422).json({ error, ...result });
}

/** The catalogue with the values in force. Secrets have no value here; commands and feeds are no settings. */
function settingsViewOf(known: Knowledge): SettingsView {
  if (known.settings === null) {
    throw new HttpRefusal(503, "settings.unheard", "the settings of this site have not arrived yet");
  }
  const current = known.settings.value;
  const settings = catalogue.filter(isStored).map(setting => {
    const isSecret = setting.type === "secret";
    const points = [...known.points.keys()].map(id => [id, settingIn(current, setting.key, id)] as const);
    return {
      key: setting.key,
      label: setting.label,
      title: setting.title,
      type: setting.type,
      scope: setting.scope,
      unit: setting.unit,
      min: setting.min,
      max: setting.max,
      step: setting.step,
      options: setting.options,
      permitted: permitted(setting),
      default: setting.default,
      value: setting.scope === "site" && !isSecret ? settingIn(current, setting.key, null) : null,
      points: setting.scope === "point" && !isSecret ? Object.fromEntries(points) : null,
    };
  });
  return { revision: current.revision, settings };
}
