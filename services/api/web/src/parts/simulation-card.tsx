import { useState } from "preact/hooks";
import type { SiteView } from "../../../view.ts";
import { suggestionsFor } from "../model/simulation.ts";
import { capitalised } from "../model/words.ts";
import { tellSimulator } from "../requests.ts";

/** On a simulated site: what to try, and what came of it. */
export function SimulationCard({ view, disabled }: { readonly view: SiteView; readonly disabled: boolean }) {
  const [words, setWords] = useState("");
  const [answer, setAnswer] = useState("");
  const tell = async (words: string) => {
    setAnswer("Telling the simulator …");
    setAnswer(capitalised(await tellSimulator(words)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (words.trim() !== "") void tell(words.trim());
  };
  return (
    <section class="card simulation" aria-labelledby="simulation-title">
      <div class="card-head">
        <h2 id="simulation-title">Try it</h2>
        <p class="aside">simulated site</p>
      </div>
      <div class="suggestions">
        {suggestionsFor(view).map(({ label, words }) => (
          <button key={words} type="button" class="button" disabled={disabled} onClick={() => void tell(words)}>
            {label}
          </button>
        ))}
      </div>
      <form onSubmit={submit}>
        <label for="simulation-words">Or in words</label>
        <div class="simulation-words">
          <input
            id="simulation-words"
            type="text"
            maxLength={200}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            placeholder="car left full"
            value={words}
            disabled={disabled}
            onInput={event => setWords(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={disabled}>
            Tell
          </button>
        </div>
      </form>
      <p class="simulation-answer" role="status">
        {answer}
      </p>
    </section>
  );
}
