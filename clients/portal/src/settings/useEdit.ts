/**
 * A form over something that others change too. What was typed is kept: over an answer that refuses it, over a change by somebody else
 * (untouched fields follow it), and over a reload of the data.
 */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Explained, explain } from "@/errors/explain";
import { toast } from "@/ui";

export interface Edit<T extends object> {
  /** What the fields show. */
  readonly values: T;
  readonly set: (changes: Partial<T>) => void;
  /** What differs from what is stored. */
  readonly changes: Partial<T>;
  readonly isChanged: boolean;
  readonly isSaving: boolean;
  readonly failure: Explained | undefined;
  readonly save: () => void;
  readonly reset: () => void;
}

export function useEdit<T extends object>(
  stored: T,
  send: (changes: Partial<T>, values: T) => Promise<unknown>,
  said?: string,
): Edit<T> {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<Partial<T>>({});
  const changes = differing(stored, typed);
  const values = { ...stored, ...typed };
  const saving = useMutation({
    mutationFn: () => send(changes, values),
    onSuccess() {
      setTyped({});
      toast({ text: said ?? t("ui.saved"), tone: "good" });
    },
  });
  return {
    values,
    set: (next) => setTyped((before) => ({ ...before, ...next })),
    changes,
    isChanged: Object.keys(changes).length > 0,
    isSaving: saving.isPending,
    failure: saving.error ? explain(t, saving.error) : undefined,
    save: () => saving.mutate(),
    reset() {
      setTyped({});
      saving.reset();
    },
  };
}

/** The typed fields that say something else than the stored ones. */
export function differing<T extends object>(stored: T, typed: Partial<T>): Partial<T> {
  const changed = Object.entries(typed).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(stored[name as keyof T]),
  );
  return Object.fromEntries(changed) as Partial<T>;
}
