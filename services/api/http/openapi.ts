import { OpenAPIRegistry, OpenApiGeneratorV31 } from "@asteasolutions/zod-to-openapi";
import { z } from "zod";
import { explainView, healthView, historyView, pointView, siteView } from "../view.ts";
import { errorBody } from "./errors.ts";
import {
  accepted,
  cardBody,
  cardListView,
  cardsBody,
  cardsResult,
  commandBody,
  commandDone,
  limitBody,
  limitsAnswer,
  limitsView,
  modeBody,
  presentBody,
  presentResult,
  sessionsPage,
  sessionsQuery,
  settingsOutcomes,
  settingsPatch,
  settingsView,
} from "./schemas.ts";

interface Operation {
  /** What stands behind the question mark. */
  readonly query?: z.ZodObject;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly ofPoint?: true;
  readonly ofCard?: true;
  readonly ofLimit?: true;
  readonly body?: z.ZodObject;
  readonly answer: z.ZodType;
  readonly refusals: readonly number[];
}

const OPERATIONS: readonly Operation[] = [
  { method: "get", path: "/api/v1/site", summary: "The site as it is known now", answer: siteView, refusals: [] },
  {
    method: "get",
    path: "/api/v1/points/{id}",
    summary: "One charge point",
    ofPoint: true,
    answer: pointView,
    refusals: [404],
  },
  {
    method: "get",
    path: "/api/v1/points/{id}/explain",
    summary: "Why this current and not more: the limit that holds, the next ones, and when it is decided again",
    ofPoint: true,
    answer: explainView,
    refusals: [404, 503],
  },
  {
    method: "post",
    path: "/api/v1/points/{id}/mode",
    summary: "Chooses how a charge point charges, or that it does not",
    ofPoint: true,
    body: modeBody,
    answer: settingsOutcomes,
    refusals: [400, 403, 404, 422, 503],
  },
  {
    method: "post",
    path: "/api/v1/points/{id}/acknowledge",
    summary: "Acknowledges latched faults; refused while their cause is there",
    ofPoint: true,
    answer: accepted,
    refusals: [403, 404, 409, 503],
  },
  {
    method: "post",
    path: "/api/v1/points/{id}/card",
    summary: "Holds a card before the reader of a charge point; 4, 6, 7 or 10 bytes",
    ofPoint: true,
    body: presentBody,
    answer: presentResult,
    refusals: [400, 403, 404, 422, 503],
  },
  {
    method: "get",
    path: "/api/v1/cards",
    summary: "The card list of the site; ?format=txt gives rfid.txt",
    answer: cardListView,
    refusals: [400, 503],
  },
  {
    method: "post",
    path: "/api/v1/cards",
    summary: "Adds a card, or gives it another name",
    body: cardBody,
    answer: cardsResult,
    refusals: [400, 403, 409, 503],
  },
  {
    method: "put",
    path: "/api/v1/cards",
    summary: "Replaces the list; JSON, or text/plain with one number per line and a name after a comma",
    body: cardsBody,
    answer: cardsResult,
    refusals: [400, 403, 409, 503],
  },
  {
    method: "delete",
    path: "/api/v1/cards/{uid}",
    summary: "Removes a card",
    ofCard: true,
    answer: cardsResult,
    refusals: [400, 403, 404, 503],
  },
  {
    method: "get",
    path: "/api/v1/limits",
    summary: "Limits from outside with owner and end, the quarter hour that runs and the month's peak",
    answer: limitsView,
    refusals: [503],
  },
  {
    method: "put",
    path: "/api/v1/limits/{limitId}",
    summary: "Sets or replaces a limit of its owner, in A per phase or W; answered once it is durable",
    ofLimit: true,
    body: limitBody,
    answer: limitsAnswer,
    refusals: [400, 403, 422, 503],
  },
  {
    method: "delete",
    path: "/api/v1/limits/{limitId}",
    summary: "Withdraws a limit; ?owner= must be who set it",
    ofLimit: true,
    answer: limitsAnswer,
    refusals: [400, 403, 422, 503],
  },
  {
    method: "get",
    path: "/api/v1/settings",
    summary: "Every setting: range, default, value in force",
    answer: settingsView,
    refusals: [503],
  },
  {
    method: "patch",
    path: "/api/v1/settings",
    summary: "Changes settings, each judged on its own; 422 when any was refused, with every outcome",
    body: settingsPatch,
    answer: settingsOutcomes,
    refusals: [400, 403, 422, 503],
  },
  {
    method: "get",
    path: "/api/v1/history",
    summary: "The last 15 minutes in steps of 5 s",
    answer: historyView,
    refusals: [],
  },
  {
    method: "get",
    path: "/api/v1/sessions",
    summary: "Ended charging sessions, page by page; format=csv gives all of them as a table",
    query: sessionsQuery,
    answer: sessionsPage,
    refusals: [400, 404, 503],
  },
  {
    method: "post",
    path: "/api/v1/simulator/command",
    summary: "Tells the simulated site something in words; only where a simulator runs",
    body: commandBody,
    answer: commandDone,
    refusals: [400, 403, 404, 422, 503],
  },
  {
    method: "get",
    path: "/health",
    summary: "Whether everyone needed is heard; 503 with reasons when not",
    answer: healthView,
    refusals: [],
  },
];

const REFUSALS: Readonly<Record<number, string>> = {
  400: "The body cannot be read, or breaks its schema",
  403: "A page of another site sent this",
  404: "No such thing here",
  409: "Not now",
  422: "Understood and refused",
  503: "Who decides this is away",
};

/** The OpenAPI 3.1 document of /api/v1, from the same schemas that check requests. */
export function openApiDocument(version: string): object {
  const registry = new OpenAPIRegistry();
  for (const operation of OPERATIONS) registry.registerPath(routeOf(operation));
  registry.registerPath({
    method: "get",
    path: "/api/v1/stream",
    summary: "Server-sent events: `site` with the whole SiteView, twice a second",
    responses: { 200: { description: "The stream", content: { "text/event-stream": { schema: z.string() } } } },
  });
  for (const [path, of] of [
    ["/api/v1/points/{id}/journal", "a charge point"],
    ["/api/v1/balancer/journal", "the balancer"],
  ] as const) {
    registry.registerPath({
      method: "get",
      path,
      summary: `The last decisions of ${of} with what they rested on, for \`edge-evse replay\``,
      ...(path.includes("{id}") ? { request: { params: OF_POINT } } : {}),
      responses: { 200: { description: "Lines of JSON", content: { "application/x-ndjson": { schema: z.string() } } } },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "edge-evse",
      version,
      description:
        "The native interface of the gateway. The SmartEVSE interface (/settings, /currents, /ev_meter) stands beside it, per charge point at /evse/{id}/.",
      license: { name: "MIT" },
    },
  });
}

const OF_POINT = z.object({ id: z.string().meta({ description: "Id of the charge point", example: "left" }) });

function routeOf({ method, path, summary, ofPoint, ofCard, ofLimit, query, body, answer, refusals }: Operation) {
  const card = z.object({ uid: z.string().meta({ description: "Number of the card", example: "04A1B2C3D4E5F6" }) });
  const limit = z.object({ limitId: z.string().meta({ description: "Name of the limit", example: "dim-1" }) });
  const json = (schema: z.ZodType) => ({ content: { "application/json": { schema } } });
  return {
    method,
    path,
    summary,
    request: {
      ...(ofPoint === undefined ? {} : { params: OF_POINT }),
      ...(ofCard === undefined ? {} : { params: card }),
      ...(ofLimit === undefined ? {} : { params: limit }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: { required: true, ...json(body) } }),
    },
    responses: {
      200: { description: "As asked", ...json(answer) },
      ...Object.fromEntries(
        refusals.map(status => [status, { description: REFUSALS[status] ?? "", ...json(errorBody) }]),
      ),
    },
  };
}
