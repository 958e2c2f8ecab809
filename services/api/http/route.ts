import type { Request, RequestHandler, Router } from "express";
import type { z } from "zod";
import { describeIssues } from "../../../shared/contracts/define.ts";
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

/** The body as its schema makes it; the error names the first field that is wrong. */
export function bodyOf<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  if (request.body === undefined) {
    throw new HttpRefusal(400, "body.missing", "expected a JSON body with Content-Type application/json");
  }
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new HttpRefusal(400, "body.invalid", describeIssues(parsed.error), field === "" ? {} : { field });
}
