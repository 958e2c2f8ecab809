import t from "tap";
import { boxWords, ledColour } from "../../services/api/web/src/model/box.ts";
import { statusView } from "../support/site-view.ts";

t.test("the page tells what somebody sees at the box", async t => {
  t.strictSame(boxWords(statusView()), ["LED breathes"]);
  const all = statusView({
    led: { rgb: [255, 0, 0], pattern: "alarm" },
    plugLock: { position: "locked", jammed: false },
    temperatureC: 41.4,
    gridRelayOpen: true,
  });
  t.strictSame(boxWords(all), ["LED flashes", "plug locked", "41 °C", "limited by the grid operator"]);
  t.equal(ledColour(all.led), "rgb(255 0 0)");
  t.strictSame(boxWords(statusView({ led: { rgb: [0, 0, 0], pattern: "steady" } })), ["LED dark"]);
  t.strictSame(
    boxWords(statusView({ plugLock: { position: "unlocked", jammed: true } }))[1],
    "plug lock jammed, unlocked",
  );
});
