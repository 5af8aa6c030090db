/** The accent: a few that fit, any other, and a word where it is hard to see on a white page. */
import { Check } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Field, Input } from "@/ui";
import { contrast, inkOn, isColor } from "./color";

const SWATCHES = ["#2563eb", "#4653c5", "#7c3aed", "#be185d", "#b91c1c", "#b45309", "#15803d", "#0f766e", "#1f2937"];

export interface ColorFieldProps {
  readonly value: string;
  readonly onChange: (color: string) => void;
  readonly error: string | undefined;
}

export function ColorField({ value, onChange, error }: ColorFieldProps) {
  const { t } = useTranslation();
  const wrong = isColor(value) ? error : t("settings.widget.colorWrong");
  const faint = isColor(value) && contrast(value, "#ffffff") < 3;
  return (
    <Field label={t("settings.widget.color")} error={wrong} hint={faint ? t("settings.widget.colorFaint") : undefined}>
      <div className="flex flex-wrap items-center gap-2">
        {SWATCHES.map((swatch) => (
          <button
            key={swatch}
            type="button"
            aria-label={swatch}
            aria-pressed={swatch === value.toLowerCase()}
            onClick={() => onChange(swatch)}
            style={{ background: swatch, color: inkOn(swatch) }}
            className="grid size-7 place-items-center rounded-full ring-1 ring-line-strong/40 disabled:opacity-50 pointer-coarse:size-9"
          >
            {swatch === value.toLowerCase() && <Check className="size-4" aria-hidden="true" />}
          </button>
        ))}
        <span className="w-28">
          <Input value={value} onChange={(event) => onChange(event.target.value.trim())} maxLength={7} spellCheck={false} />
        </span>
      </div>
    </Field>
  );
}
