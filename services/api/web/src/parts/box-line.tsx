import type { PointStatusView } from "../../../view.ts";
import { boxWords, ledColour } from "../model/box.ts";
import { capitalised } from "../model/words.ts";

/** The box as somebody standing before it sees it. */
export function BoxLine({ status }: { readonly status: PointStatusView | null }) {
  if (status === null) return null;
  return (
    <p class="box-line">
      <span class="led" style={{ background: ledColour(status.led) }} aria-hidden="true" />
      {capitalised(boxWords(status).join(" · "))}
    </p>
  );
}
