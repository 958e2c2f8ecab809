import uPlot from "uplot";
import type { Curve } from "../model/curves.ts";

const HEIGHT = 180;
const SPAN_S = 15 * 60;
/** A gateway that has just started has little to show; its chart grows from this span on. */
const SHORT_S = 2 * 60;

/** How a chart of currents looks: the page's colours, one shared time axis of 15 minutes, zero at the bottom. */
export function optionsFor(
  element: HTMLElement,
  curves: readonly Curve[],
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "history" }, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: (_plot, min, max) => [Math.max(max - SPAN_S, Math.min(min, max - SHORT_S)), max] },
      y: { range: (_plot, min, max) => [Math.min(0, Math.floor(min)), Math.max(10, Math.ceil(max * 1.1))] },
    },
    axes: [
      { ...axis, size: 28, space: 64, incrs: [60, 120, 300], values: (_plot, times) => times.map(clockTime) },
      { ...axis, size: 40, space: 36, values: (_plot, values) => values.map(value => `${value} A`) },
    ],
    series: [
      {},
      ...curves.map(curve => ({
        label: curve.label,
        stroke: colour(`--curve-${curve.colour}`),
        width: curve.colour === "fuse" ? 1.5 : 2,
        dash: [...curve.dash],
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [plot => onPoint(plot.cursor.idx ?? null)] },
  };
}

function clockTime(atS: number): string {
  return new Date(atS * 1_000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}
