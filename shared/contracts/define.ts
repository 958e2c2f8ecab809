import { z } from "zod";

/**
 * A fact: a service's present view of something it owns, broadcast, repeated, and believed only for a stated time.
 * `everyMs` is the slowest rhythm at which its owner repeats it; `expiresAfterMs` is when a consumer stops believing it,
 * counted from receipt on the consumer's own monotonic clock. `null` = stays in force until replaced.
 */
export interface Fact<Name extends string = string, Payload extends z.ZodType = z.ZodType> {
  readonly kind: "fact";
  readonly name: Name;
  readonly title: string;
  readonly payload: Payload;
  readonly everyMs: number | null;
  /** `node`: it never leaves its process, and from elsewhere it is not believed. Left out: every node hears it. */
  readonly reach?: "node";
  readonly expiresAfterMs: number | null;
  /** The id that stands in the public subject `edge.<site>.<service>.<id>.<fact>`. */
  readonly idOf: (payload: z.output<Payload>) => string;
  /**
   * Which of many it is about, where most listeners want one of them: a charge point's id. The bus then carries it only to
   * those who want that one, or all. Left out: everybody hears every one.
   */
  readonly aboutOf?: (payload: z.output<Payload>) => string;
  /** What plain NATS clients get to see of it, where that is less than the payload. */
  readonly outside?: (payload: z.output<Payload>) => z.output<Payload>;
  /** A payload as it may be seen on the wire; documentation and contract tests use it. */
  readonly example: z.output<Payload>;
}

/** A request: asks an owner to decide. It carries a time-out and answers with a result or a typed error. */
export interface Request<
  Name extends string = string,
  Params extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
> {
  readonly kind: "request";
  readonly name: Name;
  readonly title: string;
  readonly params: Params;
  readonly result: Result;
  readonly timeoutMs: number;
  readonly example: z.output<Params>;
}

export type PayloadOf<F extends Fact> = z.output<F["payload"]>;
export type ParamsOf<R extends Request> = z.output<R["params"]>;
export type ResultOf<R extends Request> = z.output<R["result"]>;

/** Declares a fact. The name begins with its owner: `meter.reading`. */
export function defineFact<Name extends string, Payload extends z.ZodType>(
  fact: Omit<Fact<Name, Payload>, "kind">,
): Fact<Name, Payload> {
  return { kind: "fact", ...fact };
}

/** How long a fact is believed, for its consumers; only of a fact that expires. */
export function lifetimeMs({ name, expiresAfterMs }: Pick<Fact, "name" | "expiresAfterMs">): number {
  if (expiresAfterMs === null) throw new Error(`${name} stays in force until it is replaced`);
  return expiresAfterMs;
}

/** Declares a request. The name begins with the owner who decides: `settings.update`. */
export function defineRequest<Name extends string, Params extends z.ZodType, Result extends z.ZodType>(
  request: Omit<Request<Name, Params, Result>, "kind">,
): Request<Name, Params, Result> {
  return { kind: "request", ...request };
}

/** One line that names each offending field and what would be right: `limitA: Too big: expected number to be <=80`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(issue => `${issue.path.length > 0 ? `${issue.path.join(".")}: ` : ""}${issue.message}`)
    .join("; ");
}
