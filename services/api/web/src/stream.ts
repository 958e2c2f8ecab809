import type { SiteView } from "../../view.ts";

/** Time between two attempts to reach the gateway again. */
const RETRY_MS = 2_000;
/** A stream that says nothing for so long is taken down and opened anew: a half-open connection never ends by itself. */
const SILENT_MS = 8_000;

export interface StreamHandlers {
  readonly onView: (view: SiteView) => void;
  readonly onBroken: () => void;
  /** The stream is open, for the first time or again. */
  readonly onOpen: () => void;
}

/** Follows the site until stopped; comes back by itself after whatever happened to the gateway or the network. */
export function followSite(handlers: StreamHandlers): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    source = new EventSource("/api/v1/stream");
    source.addEventListener("open", handlers.onOpen);
    source.addEventListener("site", event => {
      watch();
      handlers.onView(JSON.parse(event.data as string) as SiteView);
    });
    source.addEventListener("error", broken);
    watch();
  }
  function watch(): void {
    clearTimeout(timer);
    timer = setTimeout(broken, SILENT_MS);
  }
  function broken(): void {
    source?.close();
    handlers.onBroken();
    clearTimeout(timer);
    timer = setTimeout(open, RETRY_MS);
  }

  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
