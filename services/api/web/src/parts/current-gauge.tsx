import type { PointStatusView } from "../../../view.ts";
import { highestA } from "../model/power.ts";
import { amps, limitAmps } from "../model/words.ts";

interface CurrentGaugeProps {
  readonly status: PointStatusView;
  readonly limitA: number | null;
}

/** Offered and drawn current on the scale of what this point can do at most. */
export function CurrentGauge({ status, limitA }: CurrentGaugeProps) {
  const drawnA = highestA(status.drawA);
  const scaleA = Math.max(status.ceilingA, status.offerA, drawnA ?? 0, 6);
  const share = (currentA: number) => `${((100 * Math.max(0, currentA)) / scaleA).toFixed(1)}%`;
  return (
    <>
      <div
        class="offer-bar"
        role="meter"
        aria-label="Offered current"
        aria-valuemin={0}
        aria-valuemax={scaleA}
        aria-valuenow={status.offerA}
        aria-valuetext={`${amps(status.offerA)} offered, ${amps(drawnA)} drawn, at most ${limitAmps(status.ceilingA)}`}
      >
        <span class="offer-offered" style={{ width: share(status.offerA) }} />
        <span class="offer-drawn" style={{ width: share(drawnA ?? 0) }} />
      </div>
      <dl class="figures">
        <div>
          <dt>
            <span class="swatch swatch-drawn" aria-hidden="true" /> Drawn
          </dt>
          <dd>{amps(drawnA)}</dd>
          <dd class="figure-note">{phasesInUse(status)}</dd>
        </div>
        <div>
          <dt>
            <span class="swatch swatch-offered" aria-hidden="true" /> Offered
          </dt>
          <dd>{amps(status.offerA)}</dd>
          <dd class="figure-note">to the car</dd>
        </div>
        <div>
          <dt>Limit</dt>
          <dd>{amps(limitA)}</dd>
          <dd class="figure-note">at most {limitAmps(status.ceilingA)}</dd>
        </div>
      </dl>
    </>
  );
}

function phasesInUse(status: PointStatusView): string {
  if (status.activePhases === 0) return "contactor open";
  return status.activePhases === 1 ? "on 1 phase" : "on 3 phases";
}
