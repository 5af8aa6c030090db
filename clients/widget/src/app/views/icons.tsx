/** The few signs of the widget, drawn as lines in the color of the text. */
const PATHS = {
  close: "M18 6 6 18M6 6l12 12",
  send: "M12 19V5m-6.5 6.5L12 5l6.5 6.5",
  bell: "M6 9a6 6 0 1 1 12 0c0 6 2.5 7.5 2.5 7.5h-17S6 15 6 9Zm4.2 11a2 2 0 0 0 3.6 0",
  bellOff: "M9 4a6 6 0 0 1 9 5c0 1.8.2 3.2.5 4.4M6.3 7.6A6 6 0 0 0 6 9c0 6-2.5 7.5-2.5 7.5H16M10.2 20a2 2 0 0 0 3.6 0M3 3l18 18",
  back: "m15 5-7 7 7 7",
  next: "m9 5 7 7-7 7",
  down: "M12 5v14m-6-6 6 6 6-6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  alert: "M12 8v5m0 3.2v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  mail: "M4 6.5h16v11H4zM4.5 7l7.5 6 7.5-6",
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="icon" data-icon={name} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
