import type { PhaseGauge } from "../model/fuse.ts";
import { amps } from "../model/words.ts";
import { Icon } from "./icon.tsx";

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

/** One phase against its fuse: the house's part, the cars' part, the mark of the fuse, and the same in numbers. */
export function PhaseBar({ gauge, limitA }: { readonly gauge: PhaseGauge; readonly limitA: number | null }) {
  const name = gauge.phase.toUpperCase();
  return (
    <div class={`phase phase-${gauge.level}`}>
      <span class="phase-name">{name}</span>
      <div
        class="bar"
        role="meter"
        aria-label={`Mains ${name}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(limitA ?? 0, gauge.currentA ?? 0)}
        aria-valuenow={Math.max(0, gauge.currentA ?? 0)}
        aria-valuetext={gauge.text}
      >
        <span class="bar-house" style={{ width: percent(gauge.houseShare) }} />
        <span class="bar-cars" style={{ width: percent(gauge.carsShare) }} />
        {gauge.beyondShare > 0 && (
          <span class="bar-beyond" style={{ left: percent(gauge.fuseShare), width: percent(gauge.beyondShare) }} />
        )}
        {gauge.fuseShare > 0 && <span class="bar-fuse" style={{ left: percent(gauge.fuseShare) }} />}
      </div>
      <span class="phase-value">
        {amps(gauge.currentA)}
        {gauge.word !== "" && (
          <span class="phase-word">
            {(gauge.level === "near" || gauge.level === "over") && <Icon name="warning" />}
            {gauge.word}
          </span>
        )}
      </span>
    </div>
  );
}
