import type { Fact } from "./define.ts";

/** Where plain NATS clients find a fact: `edge.<site>.<service>.<id>.<fact>`, `edge.demo.evse.left.status`. */
export function subjectOf(site: string, fact: Fact, payload: unknown): string {
  return subjectWithId(site, fact, fact.idOf(payload));
}

/** The same for every id at once, as documentation and wildcard subscribers write it: `edge.demo.evse.*.status`. */
export function subjectPattern(site: string, fact: Fact): string {
  return subjectWithId(site, fact, "*");
}

/** Where a meter that is a program of its own publishes its samples (`meterSample`); `*` = every one of the site. */
export function sampleSubject(site: string, feed: string): string {
  return `edge.${site}.feed.meter.${feed}`;
}

function subjectWithId(site: string, fact: Fact, id: string): string {
  const dot = fact.name.indexOf(".");
  return `edge.${site}.${fact.name.slice(0, dot)}.${id}.${fact.name.slice(dot + 1)}`;
}
