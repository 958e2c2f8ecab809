import type { SiteView } from "../../../view.ts";
import { powerFlowOf } from "../model/power.ts";
import { power } from "../model/words.ts";
import { Icon, type IconName } from "./icon.tsx";

/** From the grid into the house and the cars, as a sum that adds up. */
export function FlowStrip({ view }: { readonly view: SiteView }) {
  const { gridW, houseW, carsW } = powerFlowOf(view);
  const feeding = gridW !== null && gridW < 0;
  return (
    <dl class="flow">
      <Part icon="grid" label={feeding ? "To grid" : "Grid"} value={gridW === null ? null : Math.abs(gridW)} />
      <Part
        icon="house"
        label={houseW !== null && houseW < 0 ? "House gives" : "House"}
        value={houseW === null ? null : Math.abs(houseW)}
      />
      <Part icon="car" label="Cars" value={carsW} />
    </dl>
  );
}

interface PartProps {
  readonly icon: IconName;
  readonly label: string;
  readonly value: number | null;
}

function Part({ icon, label, value }: PartProps) {
  return (
    <div class={`flow-part flow-${icon}`}>
      <Icon name={icon} />
      <dt>{label}</dt>
      <dd>{power(value)}</dd>
    </div>
  );
}
