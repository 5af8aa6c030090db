/** What is changed where it stands: the sign that it can be, and the end of its small form. */
import { Pencil } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";

/** At the corner of a button of the class `group relative`. */
export function Pen() {
  return (
    <Pencil
      aria-hidden="true"
      className="absolute top-1 right-1 hidden size-5 rounded bg-hover p-0.75 text-ink-2 group-hover:block group-focus-visible:block"
    />
  );
}

export interface SaveOrLeaveProps {
  readonly busy: boolean;
  readonly disabled?: boolean | undefined;
  readonly onLeave: () => void;
}

export function SaveOrLeave({ busy, disabled, onLeave }: SaveOrLeaveProps) {
  const { t } = useTranslation();
  return (
    <div className="flex gap-2">
      <Button type="submit" size="sm" look="primary" busy={busy} disabled={disabled}>
        {t("live.save")}
      </Button>
      <Button size="sm" onClick={onLeave}>
        {t("live.cancel")}
      </Button>
    </div>
  );
}
