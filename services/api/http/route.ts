import type { Request, RequestHandler, Router } from "express";
import type { z } from "zod";
import { complaintsOf, type FormWords, type Path } from "../../../shared/complaints.ts";
import { knownKeysOf } from "../../../shared/known-keys.ts";
import { HttpRefusal, refuse } from "./errors.ts";

type Handlers = Partial<Record<"GET" | "POST" | "PUT" | "PATCH" | "DELETE", RequestHandler | RequestHandler[]>>;

/** One path with its methods; any other method is told which there are. */
export function route(router: Router, path: string, handlers: Handlers): void {
  const at = router.route(path);
  if (handlers.GET !== undefined) at.get(handlers.GET);
  if (handlers.POST !== undefined) at.post(handlers.POST);
  if (handlers.PUT !== undefined) at.put(handlers.PUT);
  if (handlers.PATCH !== undefined) at.patch(handlers.PATCH);
  if (handlers.DELETE !== undefined) at.delete(handlers.DELETE);
  const methods = Object.keys(handlers).join(", ");
  at.all((request, response) => {
    response.set("Allow", methods);
    refuse(
      response,
      new HttpRefusal(405, "method.unknown", `${request.method} is not for this path`, { permitted: methods }),
    );
  });
}

/** What is permitted at a path where the body itself says it, such as the value beside a key. */
type PermittedAt = (path: Path) => string | null;

/** The body as its schema makes it; the error names every field that is wrong and what it takes. */
export function bodyOf<S extends z.ZodType>(schema: S, request: Request, permittedAt?: PermittedAt): z.output<S> {
  if (request.body === undefined) {
    throw new HttpRefusal(400, "body.missing", "expected a JSON body with Content-Type application/json");
  }
  return checked(schema, request.body as unknown, "body.invalid", permittedAt);
}

/** The query as its schema makes it; a name that stands twice is refused, for nobody knows which was meant. */
export function queryOf<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  const query = new URLSearchParams(request.originalUrl.split("?").slice(1).join("?"));
  const twice = [...query.keys()].find(name => query.getAll(name).length > 1);
  if (twice !== undefined) {
    throw new HttpRefusal(400, "query.invalid", `${twice}: stands twice in the query`, {
      field: twice,
      permitted: "once",
    });
  }
  return checked(schema, Object.fromEntries(query), "query.invalid");
}

function checked<S extends z.ZodType>(
  schema: S,
  input: unknown,
  code: string,
  permittedAt: PermittedAt = () => null,
): z.output<S> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const known = knownKeysOf(schema);
  const words: FormWords = { list: "a list", mapping: "an object", whole: `an object with ${known([]).join(", ")}` };
  const complaints = complaintsOf(parsed.error, words, known, permittedAt);
  const message = complaints
    .map(({ path, says }) => (path.length > 0 ? `${path.join(".")}: ${says}` : says))
    .join("; ");
  const [first] = complaints;
  throw new HttpRefusal(400, code, message, {
    ...(first === undefined || first.path.length === 0 ? {} : { field: first.path.join(".") }),
    ...(first === undefined ? {} : { permitted: first.expected }),
  });
}
