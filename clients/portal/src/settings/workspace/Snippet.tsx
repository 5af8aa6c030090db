/** The line that puts the widget on a page, to be copied. */
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSay } from "@/errors/useSay";
import { useSelf } from "@/session/session";
import { Button } from "@/ui";

/** How long it is said that it was copied. */
const SAID_MS = 2_000;

export function Snippet() {
  const { t } = useTranslation();
  const say = useSay();
  const { tenant } = useSelf();
  const [isCopied, setCopied] = useState(false);
  const line = `<script src="${location.origin}/widget.js" data-workspace="${tenant.slug}" async></script>`;
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <section className="mt-8 border-t pt-6">
      <h2 className="text-base font-semibold">{t("settings.snippet.title")}</h2>
      <p className="mt-1 mb-3 text-sm text-ink-3">{t("settings.snippet.text")}</p>
      <code className="block rounded-md border bg-sunken p-3 font-mono text-sm break-all select-all">{line}</code>
      {/* Absent where the page did not come over a safe connection. */}
      {"clipboard" in navigator && (
        <Button
          icon={isCopied ? <Check /> : <Copy />}
          className="mt-3"
          onClick={() => void navigator.clipboard.writeText(line).then(() => setCopied(true), say)}
        >
          <span aria-live="polite">{t(isCopied ? "settings.snippet.copied" : "settings.snippet.copy")}</span>
        </Button>
      )}
    </section>
  );
}
