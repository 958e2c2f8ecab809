/** Small drawings in the colour of the text around them. They repeat what the words say, so readers skip them. */
const PATHS = {
  bolt: "M13 2 4 14h6l-1 8 9-12h-6z",
  house: "M4 11.5 12 4l8 7.5M6 10v10h12V10M10 20v-6h4v6",
  grid: "M7 21 12 3l5 18M5.5 8h13M7 12.5h10M8.6 16 15.4 16",
  car: "M4 16v-3.5l2-5.5h12l2 5.5V16zM4 12.5h16M6.5 16v2.5M17.5 16v2.5M7 14.3h1.5M15.5 14.3H17",
  warning: "M12 3.5 22 20H2zM12 10v4.5M12 17v.6",
  pause: "M8 5v14M16 5v14",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2",
  unknown: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.4 2.4c-.6.3-.9.7-.9 1.6M12 16.4v.6",
  idle: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12h8",
  check: "M5 12.5 10 17.5 19.5 7",
  cut: "M3 3l18 18M8.5 8.6A8 8 0 0 0 4 11.5M12 7c3 0 6 1.600 8 4.500M8 15a5.500 5.500 0 0 1 6.500-1M12 18.500v.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
