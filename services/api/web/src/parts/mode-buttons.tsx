import type { ChargeChoice, PointView } from "../../../view.ts";
import { CHOICE_WORDS, CHOICES } from "../model/headline.ts";
import type { Wish } from "../model/page-state.ts";

interface ModeButtonsProps {
  readonly point: PointView;
  readonly wish: Wish | undefined;
  readonly disabled: boolean;
  readonly onChoose: (choice: ChargeChoice) => void;
}

/** The mode in force is pressed; the one asked for is marked until the charge point itself shows it. */
export function ModeButtons({ point, wish, disabled, onChoose }: ModeButtonsProps) {
  const current = point.status?.choice;
  const asked = wish !== undefined && wish.step !== "refused" ? wish.choice : undefined;
  return (
    <div class="modes">
      <div class="mode-row" role="group" aria-label={`Mode of ${point.name}`}>
        {CHOICES.map(choice => (
          <button
            key={choice}
            type="button"
            class={choice === asked ? "mode mode-asked" : "mode"}
            aria-pressed={choice === current}
            aria-busy={choice === asked}
            disabled={disabled}
            onClick={() => onChoose(choice)}
          >
            {CHOICE_WORDS[choice]}
          </button>
        ))}
      </div>
      <p class={wish?.step === "refused" ? "mode-word mode-problem" : "mode-word"} role="status">
        {wordOf(wish)}
      </p>
    </div>
  );
}

function wordOf(wish: Wish | undefined): string {
  if (wish === undefined) return "";
  if (wish.step === "refused") return `${CHOICE_WORDS[wish.choice]} was refused: ${wish.problem ?? "no reason given"}`;
  return wish.problem ?? `Asking for ${CHOICE_WORDS[wish.choice]} …`;
}
