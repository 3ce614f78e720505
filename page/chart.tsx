import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { rate } from "./parts.tsx";

const height = 110;

/** A line over the last hour, with its latest value as text. */
export function Chart({
  title,
  unit,
  time,
  values,
  tone,
}: {
  readonly title: string;
  readonly unit: string;
  readonly time: readonly number[];
  readonly values: readonly (number | null)[];
  readonly tone: "calm" | "bad" | "slow";
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = [time as number[], values as (number | null)[]] satisfies uPlot.AlignedData;

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, tone, unit), plot.current?.data ?? data, element);
    };
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    draw();
    resized.observe(element);
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", draw);
      plot.current?.destroy();
    };
  }, [tone, unit]);

  const newest = time.at(-1);
  useEffect(() => plot.current?.setData(data), [newest]);

  const known = values.filter((value) => value !== null);
  const last = values.at(-1) ?? 0;
  const highest = Math.max(0, ...known);
  return (
    <figure class={`chart ${tone}`}>
      <figcaption>
        {title} <b>{rate(last)}</b> <span>{unit}</span>
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${title} over the last hour: now ${rate(last)} ${unit}, at most ${rate(highest)}`}
      />
    </figure>
  );
}

function hour(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

function optionsOf(element: HTMLElement, tone: string, unit: string): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--dim"), font: "11px system-ui, sans-serif", ticks: { show: false } };
  return {
    width: element.clientWidth || 300,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, space: 70, grid: { show: false }, size: 22, values: (_plot, splits) => splits.map(hour) },
      {
        ...axis,
        size: 40,
        space: 28,
        grid: { stroke: colour("--line"), width: 1 },
        values: (_plot, splits) => splits.map(rate),
      },
    ],
    series: [
      {},
      { label: unit, stroke: colour(`--${tone}`), fill: colour(`--${tone}-soft`), width: 1.5, spanGaps: true },
    ],
  };
}
