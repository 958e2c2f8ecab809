import type { ErrorRequestHandler, Response } from "express";
import { z } from "zod";
import { EvseError, messageOf } from "../../../shared/errors.ts";

/** Every error of the native interface: a stable code, a sentence, and where it helps the field and what it takes. */
export const errorBody = z
  .object({
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        field: z.string().optional(),
        permitted: z.string().optional(),
      })
      .readonly(),
  })
  .readonly()
  .meta({ id: "Error" });
export type ErrorBody = z.output<typeof errorBody>;

/** An answer that is not the one that was asked for. */
export class HttpRefusal extends EvseError {
  readonly code: string;
  readonly status: number;
  readonly field: string | undefined;
  readonly permitted: string | undefined;
  constructor(status: number, code: string, message: string, details: { field?: string; permitted?: string } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = details.field;
    this.permitted = details.permitted;
  }
}

export function refuse(response: Response, refusal: HttpRefusal): void {
  const { code, message, field, permitted } = refusal;
  const body: ErrorBody = {
    error: {
      code,
      message,
      ...(field === undefined ? {} : { field }),
      ...(permitted === undefined ? {} : { permitted }),
    },
  };
  // Asking again soon is worth it while an owner is away.
  if (refusal.status === 503) response.set("Retry-After", "2");
  response.status(refusal.status).json(body);
}

/** What the bus throws. Its classes stay behind the bus; type and code tell what happened. */
interface BusError {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
}

/** Names what went wrong when an owner was asked. Null for what nobody foresaw. */
export function refusalOf(error: unknown): HttpRefusal | null {
  if (error instanceof HttpRefusal) return error;
  const { name, type, code } = (error ?? {}) as BusError;
  if (type === "SERVICE_NOT_FOUND" || type === "SERVICE_NOT_AVAILABLE") {
    return new HttpRefusal(503, "owner.absent", `nobody answers for this now: ${messageOf(error)}`);
  }
  if (type === "REQUEST_TIMEOUT") return new HttpRefusal(503, "owner.silent", `no answer in time: ${messageOf(error)}`);
  if (type === "store.unavailable" || code === "store.unavailable") {
    return new HttpRefusal(503, "store.unavailable", `settings cannot be stored now: ${messageOf(error)}`);
  }
  if (name === "ContractViolation") return new HttpRefusal(422, "request.invalid", messageOf(error));
  if (typeof type === "string" && code === 422) return new HttpRefusal(422, type, messageOf(error));
  return refusalOfBody(error);
}

/** What express and its body parser throw. */
function refusalOfBody(error: unknown): HttpRefusal | null {
  const { type, status } = (error ?? {}) as { readonly type?: unknown; readonly status?: unknown };
  if (type === "entity.parse.failed") {
    return new HttpRefusal(400, "body.malformed", `the body is not JSON: ${firstLine(messageOf(error))}`, {
      permitted: "a JSON object with Content-Type application/json",
    });
  }
  if (type === "entity.too.large") {
    return new HttpRefusal(413, "body.too-large", "the body is too large", { permitted: "at most 64 kB" });
  }
  if (error instanceof URIError) return new HttpRefusal(400, "path.malformed", "the path is not properly %-encoded");
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new HttpRefusal(status, "request.invalid", firstLine(messageOf(error)));
  }
  return null;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** The last handler: a clear answer for what is known, and for the rest a log line; never a stack. */
export function errorHandler(log: { warn(object: object, message: string): void }): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = refusalOf(error);
    if (refusal === null) log.warn({ path: request.path, error: messageOf(error) }, "request failed");
    refuse(response, refusal ?? new HttpRefusal(500, "internal", "this request failed; the log says more"));
  };
}
