/**
 * The one script on the host page: a launcher, a frame from the origin the script came from, and `Rapport(…)` for the page's own scripts.
 * It sets no inline style and no inline script, so a strict policy on the page need allow this script and this frame only.
 */
import type { ToHost } from "../protocol.js";
import { Launcher } from "./launcher.js";
import { Panel } from "./panel.js";
import { STYLE } from "./style.js";
import { Title } from "./title.js";

type Calls = {
  open(): void;
  close(): void;
  toggle(): void;
  identify(who: { name?: string; email?: string }): void;
};

type Rapport = ((call: keyof Calls, ...values: unknown[]) => void) & { q?: IArguments[] };

declare global {
  interface Window {
    Rapport?: Rapport;
  }
}

function begin(script: HTMLScriptElement, workspace: string): void {
  const edge = new URL(script.src);
  const address = new URL("widget/", edge);
  address.searchParams.set("workspace", workspace);
  if (script.dataset.locale) address.searchParams.set("locale", script.dataset.locale);
  const dir = (script.dataset.dir ?? getComputedStyle(document.documentElement).direction) === "rtl" ? "rtl" : "ltr";

  const element = document.createElement("rapport-widget");
  element.dir = dir;
  const root = element.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const hear = (message: ToHost) => {
    if (message.kind === "close") panel.close();
    else if (message.kind === "unread") {
      launcher.count(message.count, message.label);
      title.count(message.count);
    } else {
      launcher.show(message.look);
      panel.place(message.look.position);
      panel.name(message.look.labels.panel);
    }
  };
  const panel = new Panel(edge.origin, address, { dir }, hear, (isOpen) => {
    launcher.turn(isOpen);
    panel.tell();
    if (!isOpen) launcher.button.focus();
  });
  const title = new Title();
  const toggle = () => (panel.isOpen ? panel.close() : panel.open());
  const launcher = new Launcher(toggle);
  root.append(launcher.button, panel.dialog);
  document.body.append(element);

  const calls: Calls = {
    open: () => panel.open(),
    close: () => panel.close(),
    toggle,
    identify: ({ name = "", email = "" } = {}) => panel.say({ kind: "identify", name: String(name), email: String(email) }),
  };
  const early = window.Rapport?.q ?? [];
  window.Rapport = (call, ...values) => {
    const run = Object.hasOwn(calls, call) ? (calls[call] as (...values: unknown[]) => void) : undefined;
    if (run) run(...values);
    else console.warn(`Rapport: there is no "${String(call)}"`);
  };
  for (const [call, ...values] of early) window.Rapport(call, ...values);
}

// Where the script is there twice, once is enough.
const script = document.currentScript as HTMLScriptElement | null;
const workspace = script?.dataset.workspace;
if (!script || !workspace) console.warn("Rapport: the script tag needs data-workspace");
else if (!document.querySelector("rapport-widget")) {
  if (document.body) begin(script, workspace);
  else document.addEventListener("DOMContentLoaded", () => begin(script, workspace));
}
