import { useState } from "preact/hooks";
import type { FaultView, PointView } from "../../../view.ts";
import { capitalised } from "../model/words.ts";
import { acknowledgeFaults } from "../requests.ts";
import { Icon } from "./icon.tsx";

/** Faults a board keeps until a person has looked. */
const LATCHED: ReadonlySet<FaultView["code"]> = new Set([
  "rcm-trip",
  "rcm-test-failed",
  "contactor-weld",
  "contactor-stuck-open",
  "over-current",
  "board-hang",
]);

interface FaultBoxProps {
  readonly point: PointView;
  readonly faults: readonly FaultView[];
}

/** What is wrong with this charge point, and the button for what waits for a person. */
export function FaultBox({ point, faults }: FaultBoxProps) {
  const [said, setSaid] = useState("");
  const latched = faults.some(fault => LATCHED.has(fault.code));
  const acknowledge = async () => {
    setSaid("Asking the board …");
    const problem = await acknowledgeFaults(point.id);
    setSaid(problem ?? "Acknowledged. The fault stays while its cause is there.");
  };
  return (
    <div class="fault-box">
      <Icon name="warning" />
      <div>
        <ul>
          {faults.map(fault => (
            <li key={fault.code}>{capitalised(fault.words)}</li>
          ))}
        </ul>
        {latched && (
          <button type="button" class="button" onClick={() => void acknowledge()}>
            Acknowledge
          </button>
        )}
        <p role="status">{said}</p>
      </div>
    </div>
  );
}
