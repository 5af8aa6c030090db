/** A labelled field with its fault beside it. */
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { t } from "../texts/index";

interface FieldProps {
  readonly label: string;
  readonly fault?: string | undefined;
  readonly isOptional?: boolean;
  readonly children: (bound: Bound) => JSX.Element;
}

/** What ties a control to its label and its fault. */
export interface Bound {
  readonly id: string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string | undefined;
}

export function Field({ label, fault, isOptional = false, children }: FieldProps) {
  const id = useId();
  const faultId = `${id}-fault`;
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isOptional && <span class="optional"> ({t("optional")})</span>}
      </label>
      {children({ id, "aria-invalid": fault !== undefined, "aria-describedby": fault ? faultId : undefined })}
      {fault && (
        <p class="fault" id={faultId}>
          {fault}
        </p>
      )}
    </div>
  );
}
