// The page's theme before its first picture: what this browser has chosen, else what the system says. A script of its own that the page
// waits for: the policy forbids one inside the page, and theme.ts comes later than the first picture.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("rapport-theme");
  } catch {
    // A browser that keeps nothing has chosen nothing.
  }
  const isDark = kept === "dark" || (kept !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
