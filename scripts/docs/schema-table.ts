/** The part of JSON Schema that zod writes. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly (string | number)[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** One field, nested ones by their path: `faults[]`, `points.*.mode`. */
export interface Field {
  readonly path: string;
  readonly type: string;
  readonly optional: boolean;
}

/** The fields of a schema, outermost first. */
export function fieldsOf(schema: JsonSchema, path = "", optional = false): readonly Field[] {
  const { inner, nullable } = withoutNull(schema);
  if (inner.type === "object" && inner.properties !== undefined) {
    const own = path === "" ? [] : [{ path, type: nullable ? "object or null" : "object", optional }];
    const nested = Object.entries(inner.properties).flatMap(([name, property]) =>
      fieldsOf(property, path === "" ? name : `${path}.${name}`, !(inner.required ?? []).includes(name)),
    );
    return [...own, ...nested];
  }
  if (inner.type === "array" && inner.items?.type === "object") {
    return [{ path, type: `list${lengthOf(inner)}`, optional }, ...fieldsOf(inner.items, `${path}[]`).slice(1)];
  }
  if (inner.type === "object" && typeof inner.additionalProperties === "object") {
    const values = fieldsOf(inner.additionalProperties, `${path}.*`);
    return [{ path, type: nullable ? "map or null" : "map", optional }, ...values];
  }
  return [{ path, type: typeOf(schema), optional }];
}

/** One field's type in words: "number 0..80", "integer or null", "off, on, pause". */
function typeOf(schema: JsonSchema): string {
  const { inner, nullable } = withoutNull(schema);
  return nullable ? `${wordsFor(inner)} or null` : wordsFor(inner);
}

function wordsFor(schema: JsonSchema): string {
  if (schema.description !== undefined) return schema.description;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.map(value => `\`${value}\``).join(", ")}`;
  if (schema.type === "array")
    return `list of ${schema.items === undefined ? "anything" : typeOf(schema.items)}${lengthOf(schema)}`;
  if (schema.type === "object") return `{ ${Object.keys(schema.properties ?? {}).join(", ")} }`;
  if (schema.format === "date-time") return "ISO 8601 time";
  if (schema.type === "number" || schema.type === "integer")
    return `${schema.type}${rangeOf(schema.minimum, schema.maximum)}`;
  if (schema.type === "string") return `text${lengthOf(schema)}`;
  return typeof schema.type === "string" ? schema.type : "anything";
}

function lengthOf({ minLength, maxLength, minItems, maxItems }: JsonSchema): string {
  const [min, max] = [minLength ?? minItems, maxLength ?? maxItems];
  return min === undefined && max === undefined ? "" : ` (${rangeOf(min, max).trim()} long)`;
}

function rangeOf(min: number | undefined, max: number | undefined): string {
  const isBound = (bound: number | undefined) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  if (isBound(min) && isBound(max)) return ` ${min}..${max}`;
  if (isBound(min)) return ` >= ${min}`;
  return isBound(max) ? ` <= ${max}` : "";
}

function withoutNull(schema: JsonSchema): { readonly inner: JsonSchema; readonly nullable: boolean } {
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter(type => type !== "null");
    return { inner: { ...schema, type: types.join(" or ") }, nullable: types.length < schema.type.length };
  }
  const rest = schema.anyOf?.filter(option => option.type !== "null");
  const only = rest?.[0];
  if (rest === undefined || only === undefined || rest.length === schema.anyOf?.length) {
    return { inner: schema, nullable: false };
  }
  return { inner: rest.length === 1 ? only : { anyOf: rest }, nullable: true };
}
