/** How long ago something was. One timer for the page; a row is drawn again only when its text is another. */
import { useCallback, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

const TICK_MS = 15_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function onTick(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of [...listeners]) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The language as it is used where the reader is: an Englishman's clock has 24 hours. */
function regional(language: string): string {
  return navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
}

/** A format of a language, made once: making one costs more than a row. */
export function dateFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(regional(language), options);
  formats.set(key, known);
  return known;
}

const units = new Map<string, Intl.NumberFormat>();

function inUnits(language: string, value: number, unit: "minute" | "hour"): string {
  const key = `${language} ${unit}`;
  const known = units.get(key) ?? new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" });
  units.set(key, known);
  return known.format(value);
}

/** In few characters: `now`, `5m`, `3h`, `Mon`, `12 Mar`, `12/3/2024`. */
export function shortAgo(at: string, now: number, language: string, justNow: string): string {
  const moment = new Date(at);
  const passed = now - moment.getTime();
  if (passed < MINUTE) return justNow;
  if (passed < HOUR) return inUnits(language, Math.floor(passed / MINUTE), "minute");
  if (passed < DAY) return inUnits(language, Math.floor(passed / HOUR), "hour");
  if (passed < 6 * DAY) return dateFormat(language, { weekday: "short" }).format(moment);
  if (moment.getFullYear() === new Date(now).getFullYear())
    return dateFormat(language, { day: "numeric", month: "short" }).format(moment);
  return dateFormat(language, { dateStyle: "short" }).format(moment);
}

export function longTime(at: string, language: string): string {
  return dateFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

/** The day it is, as text; another one at midnight. */
export function useToday(): string {
  return useSyncExternalStore(onTick, today);
}

function today(): string {
  return new Date().toDateString();
}

export function Ago({ at, className }: { readonly at: string; readonly className?: string | undefined }) {
  const { t, i18n } = useTranslation();
  const justNow = t("live.now");
  const text = useSyncExternalStore(
    onTick,
    useCallback(() => shortAgo(at, Date.now(), i18n.language, justNow), [at, i18n.language, justNow]),
  );
  return (
    <time dateTime={at} title={longTime(at, i18n.language)} className={className}>
      {text}
    </time>
  );
}
