import type { SiteView } from "../../../view.ts";

export function SiteFooter({ view }: { readonly view: SiteView }) {
  return (
    <footer class="footer">
      <p>edge-evse {view.version}</p>
      <nav aria-label="For integrators">
        <a href="/api/docs">API</a>
        <a href="/health">Health</a>
        <a href="/metrics">Metrics</a>
      </nav>
    </footer>
  );
}
