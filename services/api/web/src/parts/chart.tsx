import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { type Curve, inWords } from "../model/curves.ts";
import { amps } from "../model/words.ts";
import { optionsFor } from "./chart-options.ts";

interface ChartProps {
  readonly title: string;
  readonly atMs: readonly number[];
  readonly curves: readonly Curve[];
}

/** Curves over time with their own legend, which shows the values under the pointer, or the present ones. */
export function Chart({ title, atMs, curves }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointedAt, setPointedAt] = useState<number | null>(null);
  const theme = useTheme();
  // A new chart only for other curves or other colours; new values go into the one there is.
  const identity = curves.map(curve => curve.label).join("|");
  const data = useMemo<uPlot.AlignedData>(
    () => [atMs.map(ms => ms / 1_000), ...curves.map(curve => [...curve.values])],
    [atMs, identity],
  );

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element, curves, setPointedAt), data, element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: made.height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [identity, theme]);
  useEffect(() => plot.current?.setData(data), [data]);

  const shown = pointedAt ?? atMs.length - 1;
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-time">{timeOf(atMs[shown])}</span>
      </figcaption>
      <div ref={frame} class="chart-frame" role="img" aria-label={`${title}, last 15 minutes. ${inWords(curves)}`} />
      <ul class="legend">
        {curves.map(curve => (
          <li key={curve.label}>
            <svg viewBox="0 0 28 6" aria-hidden="true" focusable="false">
              <line
                x1="0"
                y1="3"
                x2="28"
                y2="3"
                style={{ stroke: `var(--curve-${curve.colour})` }}
                stroke-width="2.5"
                stroke-dasharray={curve.dash.join(" ")}
              />
            </svg>
            {curve.label} <b>{amps(curve.values[shown])}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function timeOf(atMs: number | undefined): string {
  return atMs === undefined ? "" : new Date(atMs).toLocaleTimeString([], { hour12: false });
}

/** Light or dark: the canvas has to be painted anew when it changes. */
function useTheme(): boolean {
  const [dark, setDark] = useState(() => darkPreferred().matches);
  useEffect(() => {
    const query = darkPreferred();
    const follow = () => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return dark;
}

function darkPreferred(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}
