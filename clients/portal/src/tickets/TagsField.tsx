/** The staff's words for a ticket: added by Enter or a comma, taken away one by one. */
import type { Ticket } from "@rapport/client";
import { Plus, X } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { Badge, Input } from "@/ui";
import { LONGEST_TAG, MOST_TAGS, newTags } from "./tags";
import { useUpdateTicket } from "./useUpdateTicket";

export interface TagsFieldProps {
  readonly ticket: Ticket;
  readonly isFixed: boolean;
}

export function TagsField({ ticket: { ticketId, tags }, isFixed }: TagsFieldProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const update = useUpdateTicket(ticketId);
  const opener = useRef<HTMLButtonElement>(null);
  if (isFixed && tags.length === 0) return null;
  const close = () => {
    setTyped(undefined);
    requestAnimationFrame(() => opener.current?.focus());
  };
  const add = (event?: FormEvent) => {
    event?.preventDefault();
    const addTags = newTags(typed ?? "", tags);
    if (update.isPending) return;
    // Nothing of it is new.
    if (addTags.length === 0) return setTyped("");
    update.mutate({ addTags }, { onSuccess: () => setTyped("") });
  };
  return (
    <div className="flex min-h-9 items-start gap-1 py-1.5 md:min-h-8">
      <span className="w-24 shrink-0 leading-5 text-ink-3">{t("tickets.tags")}</span>
      <div className="min-w-0 flex-1 px-2">
        <ul aria-label={t("tickets.tags")} className="flex flex-wrap items-center gap-1">
          {tags.map((tag) => (
            <li key={tag} className="max-w-full">
              <Badge>
                <span className="max-w-40 truncate">{tag}</span>
                {!isFixed && (
                  <button
                    type="button"
                    aria-label={t("tickets.removeTag", { tag })}
                    disabled={update.isPending}
                    onClick={() => update.mutate({ removeTags: [tag] })}
                    className="relative -mr-1 grid size-4 place-items-center rounded-full hover:bg-hover hover:text-ink pointer-coarse:after:absolute pointer-coarse:after:-inset-2"
                  >
                    <X aria-hidden="true" />
                  </button>
                )}
              </Badge>
            </li>
          ))}
          {!isFixed && typed === undefined && tags.length < MOST_TAGS && (
            <li>
              <button
                ref={opener}
                type="button"
                onClick={() => setTyped("")}
                className="relative inline-flex h-5 items-center gap-0.5 rounded-full px-1.5 text-xs text-ink-3 hover:bg-hover hover:text-ink pointer-coarse:after:absolute pointer-coarse:after:-inset-2"
              >
                <Plus aria-hidden="true" className="size-3" />
                {t("tickets.addTag")}
              </button>
            </li>
          )}
        </ul>
        {!isFixed && typed !== undefined && (
          <form onSubmit={add} className="mt-1.5">
            <Input
              autoFocus
              aria-label={t("tickets.addTag")}
              placeholder={t("tickets.tagHint")}
              value={typed}
              maxLength={LONGEST_TAG}
              disabled={tags.length >= MOST_TAGS}
              onChange={(event) => setTyped(event.target.value)}
              onBlur={() => typed.trim() === "" && setTyped(undefined)}
              onKeyDown={(event) => {
                if (event.key === "Escape") close();
                if (event.key === ",") add(event);
              }}
            />
          </form>
        )}
        {update.error && (
          <p role="alert" className="mt-1 text-sm text-bad">
            {explain(t, update.error).text}
          </p>
        )}
      </div>
    </div>
  );
}
