import type { PageState } from "../model/page-state.ts";
import { Icon } from "./icon.tsx";

/** Whose house this is, and whether what the page shows is the present. */
export function TopBar({ state }: { readonly state: PageState }) {
  return (
    <header class="top-bar">
      <span class="mark">
        <Icon name="bolt" />
      </span>
      <div class="top-bar-names">
        <h1>{state.view?.name ?? "edge-evse"}</h1>
        {state.view?.simulated === true && <span class="tag">Simulated site</span>}
      </div>
      <LinkChip state={state} />
    </header>
  );
}

function LinkChip({ state }: { readonly state: PageState }) {
  if (state.link === "live")
    return (
      <span class="chip chip-live">
        <span class="dot" aria-hidden="true" />
        Live
      </span>
    );
  return (
    <span class={state.link === "lost" ? "chip chip-lost" : "chip"}>
      <Icon name={state.link === "lost" ? "cut" : "clock"} />
      {state.link === "starting" ? "Connecting" : "Offline"}
    </span>
  );
}
