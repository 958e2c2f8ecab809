import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import moleculer from "moleculer";
import type { z } from "zod";
import {
  describeIssues,
  type Fact,
  type ParamsOf,
  type PayloadOf,
  type Request,
  type ResultOf,
} from "../contracts/define.ts";
import { ContractViolation, EvseError, messageOf } from "../errors.ts";
import { tellTaps } from "./taps.ts";

const { MoleculerClientError } = moleculer.Errors;

/** The parts of a service schema that contracts make. */
export type EventHandlers = NonNullable<ServiceSchema["events"]>;
export type ActionHandlers = NonNullable<ServiceSchema["actions"]>;

/** Broadcasts a fact to every node, or within this one where its contract says so. Throws `ContractViolation` when the payload breaks its contract: a bug of ours. */
export function publish<F extends Fact>(broker: ServiceBroker, fact: F, payload: PayloadOf<F>): void {
  const parsed = parse(fact.name, fact.payload, payload);
  remember(fact, parsed, parsed);
  const event = eventOf(fact, fact.aboutOf?.(parsed));
  const sent = fact.reach === "node" ? broker.broadcastLocal(event, parsed) : broker.broadcast(event, parsed);
  sent.catch((error: unknown) => {
    broker.logger.warn({ fact: fact.name, error: messageOf(error) }, "fact not sent");
  });
  tellTaps(broker, fact, parsed);
}

/** Where a fact came from: the node that published it. */
export interface Origin {
  readonly nodeId: string;
}

/**
 * Hears a fact; with `about`, only what concerns that one (the fact's `aboutOf`), and only that travels to this node. A
 * payload that breaks its contract is logged and dropped: a foreign bug does not stop us.
 */
export function subscribe<F extends Fact>(
  fact: F,
  handler: (payload: PayloadOf<F>, origin: Origin) => void,
  about = "*",
): EventHandlers {
  const logDrop = dropLog(fact);
  return {
    [eventOf(fact, about)]: {
      handler(ctx: Context): void {
        if (fact.reach === "node" && ctx.nodeID !== ctx.broker.nodeID) {
          logDrop(ctx, "only its own node may tell it");
          return;
        }
        const known = recall(fact, ctx.params);
        const parsed =
          known === undefined ? fact.payload.safeParse(ctx.params) : { success: true as const, data: known };
        if (parsed.success) {
          remember(fact, ctx.params, parsed.data);
          handler(parsed.data as PayloadOf<F>, { nodeId: ctx.nodeID ?? "" });
          return;
        }
        logDrop(ctx, describeIssues(parsed.error));
      },
    },
  };
}

/** The event of the framework that carries a fact. */
function eventOf(fact: Fact, about: string | undefined): string {
  return fact.aboutOf === undefined ? fact.name : `${fact.name}.${about ?? "*"}`;
}

/**
 * What a payload was found to be, for as long as it lives: all listeners of a process get the same object, and its contract
 * makes of it the same value, a copy that is its publisher's no longer.
 */
const judged = new WeakMap<object, { readonly fact: Fact; readonly value: unknown }>();

function remember(fact: Fact, payload: unknown, value: unknown): void {
  if (typeof payload === "object" && payload !== null) judged.set(payload, { fact, value });
}

function recall(fact: Fact, payload: unknown): unknown {
  const known = typeof payload === "object" && payload !== null ? judged.get(payload) : undefined;
  return known?.fact === fact ? known.value : undefined;
}

/** Every this many drops of one kind the log says that it goes on. */
const DROPS_PER_LINE = 1_000;

/** Logs a drop when its cause changes, then rarely: a babbling node must not fill the disk of this one. */
function dropLog(fact: Fact): (ctx: Context, problem: string) => void {
  let last = "";
  let repeated = 0;
  return (ctx, problem) => {
    const cause = `${ctx.nodeID ?? ""}: ${problem}`;
    repeated = cause === last ? repeated + 1 : 0;
    last = cause;
    if (repeated % DROPS_PER_LINE !== 0) return;
    ctx.broker.logger.warn(
      { fact: fact.name, from: ctx.nodeID, problem, repeated },
      "fact dropped: it breaks its contract",
    );
  };
}

/**
 * Asks an owner. `to` is the service instance that answers ("settings", "meter-mains"), on the node `nodeId` where several
 * carry it. Rejects after the contract's time-out.
 */
export async function request<R extends Request>(
  broker: ServiceBroker,
  contract: R,
  to: string,
  params: ParamsOf<R>,
  nodeId?: string,
): Promise<ResultOf<R>> {
  const asked = parse(contract.name, contract.params, params);
  const answer: unknown = await broker.call(`${to}.${verbOf(contract)}`, asked as Record<string, unknown>, {
    timeout: contract.timeoutMs,
    ...(nodeId === undefined ? {} : { nodeID: nodeId }),
  });
  return parse(contract.name, contract.result, answer) as ResultOf<R>;
}

/** Answers a request. Thrown `EvseError`s cross the wire with their code as the type; broken params are refused by name. */
export function answer<R extends Request>(
  contract: R,
  handler: (params: ParamsOf<R>) => ResultOf<R> | Promise<ResultOf<R>>,
): ActionHandlers {
  return {
    [verbOf(contract)]: {
      async handler(ctx: Context): Promise<unknown> {
        const parsed = contract.params.safeParse(ctx.params);
        if (!parsed.success) {
          throw new MoleculerClientError(
            `${contract.name}: ${describeIssues(parsed.error)}`,
            422,
            "contract.violation",
          );
        }
        try {
          return await handler(parsed.data as ParamsOf<R>);
        } catch (error) {
          if (error instanceof EvseError) throw new MoleculerClientError(error.message, 422, error.code);
          throw error;
        }
      },
    },
  };
}

function verbOf(contract: Request): string {
  return contract.name.slice(contract.name.indexOf(".") + 1);
}

function parse<S extends z.ZodType>(name: string, schema: S, payload: unknown): z.output<S> {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new ContractViolation(name, describeIssues(parsed.error), { cause: parsed.error });
  return parsed.data;
}
