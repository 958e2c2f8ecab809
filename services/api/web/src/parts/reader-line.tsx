import type { PointView } from "../../../view.ts";
import { readerWords } from "../model/reader.ts";

/** Whether a card is needed, and who charges. */
export function ReaderLine({ point }: { readonly point: PointView }) {
  const words = readerWords(point.reader, point.status?.carConnected ?? false);
  if (words === null) return null;
  return (
    <p class={`reader reader-${words.tone}`} role="status">
      <span>{words.title}</span>
      {words.last !== "" && <span class="reader-last">{words.last}</span>}
    </p>
  );
}
