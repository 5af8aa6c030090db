/** A label, what is filled in, what helps, and what is wrong with it: tied together for those who do not see the page. */
import { CircleAlert } from "lucide-react";
import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type TextareaHTMLAttributes,
  use,
  useId,
} from "react";
import { cx } from "./cx";

interface Ties {
  readonly id: string;
  readonly describedBy: string | undefined;
  readonly invalid: boolean;
}

const FieldContext = createContext<Ties | null>(null);

/** What a control inside a {@link Field} needs to be tied to it. */
export function useField() {
  const ties = use(FieldContext);
  if (!ties) return {};
  return { id: ties.id, "aria-describedby": ties.describedBy, "aria-invalid": ties.invalid || undefined };
}

export interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly optional?: string | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

export function Field({ label, hint, error, optional, className, children }: FieldProps) {
  const id = useId();
  const said = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return (
    <FieldContext value={{ id, describedBy: said, invalid: Boolean(error) }}>
      <div className={cx("flex flex-col gap-1.5", className)}>
        <label htmlFor={id} className="flex items-baseline gap-2 text-sm font-medium text-ink">
          {label}
          {optional && <span className="font-normal text-ink-3">{optional}</span>}
        </label>
        {children}
        {error ? (
          <p id={`${id}-error`} className="flex items-start gap-1.5 text-sm text-bad">
            <CircleAlert aria-hidden="true" className="mt-px size-4 shrink-0" />
            {error}
          </p>
        ) : (
          hint && (
            <p id={`${id}-hint`} className="text-sm text-ink-3">
              {hint}
            </p>
          )
        )}
      </div>
    </FieldContext>
  );
}

export const CONTROL = cx(
  "w-full rounded-md border border-line-strong bg-surface text-lg text-ink transition-colors md:text-base",
  "hover:not-disabled:border-ink-3 disabled:cursor-not-allowed disabled:bg-sunken disabled:text-ink-3",
  "aria-invalid:border-bad focus-visible:outline-offset-0",
);

export interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly ref?: Ref<HTMLInputElement> | undefined;
  readonly icon?: ReactNode;
}

export function Input({ className, icon, ...rest }: InputProps) {
  const input = (
    <input
      {...useField()}
      className={cx(CONTROL, "h-9 px-3 md:h-8 md:px-2.5", icon ? "pl-8 md:pl-8" : "", className)}
      {...rest}
    />
  );
  if (!icon) return input;
  return (
    <span className="relative block">
      <span className="pointer-events-none absolute inset-y-0 left-2.5 grid place-items-center text-ink-3 [&_svg]:size-4">
        {icon}
      </span>
      {input}
    </span>
  );
}

export interface TextareaProps extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  readonly ref?: Ref<HTMLTextAreaElement> | undefined;
}

export function Textarea({ className, rows = 3, ...rest }: TextareaProps) {
  return <textarea {...useField()} rows={rows} className={cx(CONTROL, "resize-y px-3 py-2 md:px-2.5", className)} {...rest} />;
}
