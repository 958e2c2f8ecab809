import type { PointStatusView } from "../../../view.ts";

/** What a person sees and feels at the box itself: the LED, the plug lock, its temperature, the grid operator's limit. */
export function boxWords({ led, plugLock, temperatureC, gridRelayOpen }: PointStatusView): readonly string[] {
  return [
    ledWords(led),
    ...(plugLock === null
      ? []
      : [plugLock.jammed ? `plug lock jammed, ${plugLock.position}` : `plug ${plugLock.position}`]),
    ...(temperatureC === null ? [] : [`${Math.round(temperatureC)} °C`]),
    ...(gridRelayOpen ? ["limited by the grid operator"] : []),
  ];
}

/** The LED's colour as CSS; dark ones are still told apart from none. */
export function ledColour({ rgb }: PointStatusView["led"]): string {
  return `rgb(${rgb.join(" ")})`;
}

function ledWords({ rgb, pattern }: PointStatusView["led"]): string {
  if (rgb.every(part => part === 0)) return "LED dark";
  switch (pattern) {
    case "steady":
      return "LED on";
    case "alarm":
      return "LED flashes";
    case "blink":
      return "LED blinks";
    case "breathe":
    case "breathe-slow":
      return "LED breathes";
  }
}
