import { z } from "zod";

interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** The keys a schema knows at a path, those of every alternative; empty where any key is good. */
export function knownKeysOf(schema: z.ZodType): (path: readonly PropertyKey[]) => readonly string[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return path => {
    const nodes = path.reduce<readonly JsonSchema[]>((from, key) => from.flatMap(node => below(node, key)), flat(root));
    return [...new Set(nodes.flatMap(node => Object.keys(node.properties ?? {})))];
  };

  function below(node: JsonSchema, key: PropertyKey): readonly JsonSchema[] {
    const other = typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
    const next = typeof key === "number" ? node.items : (node.properties?.[String(key)] ?? other);
    return next === undefined ? [] : flat(next);
  }

  /** A schema, the one it refers to, or its alternatives. */
  function flat(node: JsonSchema): readonly JsonSchema[] {
    const named = node.$ref === undefined ? undefined : root.$defs?.[node.$ref.slice("#/$defs/".length)];
    if (named !== undefined) return flat(named);
    const alternatives = node.anyOf ?? node.oneOf;
    return alternatives === undefined ? [node] : alternatives.flatMap(flat);
  }
}
