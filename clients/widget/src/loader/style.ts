/** The few rules that stand on the host page, in a shadow root, so that neither side's style reaches the other. */

export const STYLE = `
:host { all: initial; }
.launcher {
  --s: max(20px, env(safe-area-inset-bottom));
  position: fixed; inset-block-end: var(--s); z-index: 2147483000;
  display: inline-flex; align-items: center; justify-content: center; gap: 10px;
  min-inline-size: 56px; block-size: 56px; padding: 0 16px; margin: 0; border: 0; border-radius: 28px;
  background: var(--color); color: var(--fore); cursor: pointer; -webkit-tap-highlight-color: transparent;
  font: 600 15px/1 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  box-shadow: 0 1px 2px rgb(0 0 0 / .16), 0 8px 24px rgb(0 0 0 / .2);
  transition: transform .16s ease, box-shadow .16s ease; animation: in .24s cubic-bezier(.2, .8, .2, 1);
}
.launcher:hover { transform: translateY(-2px); box-shadow: 0 2px 4px rgb(0 0 0 / .16), 0 12px 28px rgb(0 0 0 / .24); }
.launcher:active { transform: none; }
.launcher:focus-visible { outline: 3px solid var(--color); outline-offset: 3px; box-shadow: 0 0 0 3px #fff, 0 0 0 7px rgb(0 0 0 / .35); }
.launcher[hidden], .badge[hidden], .text:empty { display: none; }
.text { padding-inline-end: 4px; }
.start { inset-inline-start: max(20px, env(safe-area-inset-left)); }
.end { inset-inline-end: max(20px, env(safe-area-inset-right)); }
svg { inline-size: 24px; block-size: 24px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
.badge {
  position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 22px; block-size: 22px; padding: 0 6px;
  box-sizing: border-box; border-radius: 11px; background: #c81e3a; color: #fff; font: 700 12px/22px system-ui, sans-serif;
  text-align: center; box-shadow: 0 0 0 2px #fff;
}
dialog {
  position: fixed; inset: auto; inset-block-end: 92px; z-index: 2147483001; padding: 0; margin: 0; border: 0; overflow: hidden;
  inline-size: 400px; block-size: min(704px, 100% - 112px); max-inline-size: none; max-block-size: none;
  border-radius: 16px; background: Canvas; color-scheme: light dark;
  box-shadow: 0 0 0 1px rgb(0 0 0 / .06), 0 4px 12px rgb(0 0 0 / .08), 0 24px 64px rgb(0 0 0 / .22);
}
dialog[open] { animation: up .22s cubic-bezier(.2, .8, .2, 1); }
dialog::backdrop { background: none; }
.sheet { inset: 0; inline-size: 100%; block-size: 100%; border-radius: 0; box-shadow: none; }
iframe { display: block; inline-size: 100%; block-size: 100%; border: 0; color-scheme: light dark; }
@keyframes in { from { opacity: 0; transform: scale(.7); } }
@keyframes up { from { opacity: 0; transform: translateY(12px); } }
@media (prefers-color-scheme: dark) {
  dialog:not(.sheet) { box-shadow: 0 0 0 1px rgb(255 255 255 / .14), 0 24px 64px rgb(0 0 0 / .5); }
}
@media (prefers-reduced-motion: reduce) { .launcher, dialog[open] { animation: none; transition: none; } .launcher:hover { transform: none; } }
@media (forced-colors: active) { .launcher, dialog { border: 2px solid ButtonText; } }
@media print { .launcher, dialog { display: none; } }
`;
