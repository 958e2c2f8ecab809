import type { SiteView } from "../../../view.ts";
import { type LinkLine, linksOf } from "../model/links.ts";
import { ageNow, type PageState } from "../model/page-state.ts";
import { age } from "../model/words.ts";
import { Icon } from "./icon.tsx";

/** Boards and meters: whether they answer, and how old their last word is. */
export function LinksCard({ view, state }: { readonly view: SiteView; readonly state: PageState }) {
  return (
    <section class="card links" aria-labelledby="links-title">
      <div class="card-head">
        <h2 id="links-title">Boards and meters</h2>
      </div>
      <ul>
        {linksOf(view).map(line => (
          <LinkItem key={line.key} line={line} ageMs={ageNow(line.ageMs, state)} />
        ))}
      </ul>
    </section>
  );
}

function LinkItem({ line, ageMs }: { readonly line: LinkLine; readonly ageMs: number | null }) {
  return (
    <li class={`link link-${line.health}`}>
      <Icon name={line.health === "good" ? "check" : line.health === "off" ? "idle" : "warning"} />
      <div class="link-text">
        <p class="link-name">{line.name}</p>
        <p class="muted">{line.detail}</p>
      </div>
      <p class="link-state">
        {line.word}
        {line.health !== "off" && <span class="muted">{age(ageMs)}</span>}
      </p>
    </li>
  );
}
