/** Languages: English with the page, every other when it is chosen. The person's choice, else the browser's. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";

export const LANGUAGES = { en: "English", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "rapport-language";
const texts: Record<Exclude<Language, "en">, () => Promise<{ default: object }>> = { es: () => import("./es.json") };

export const i18n = i18next.createInstance();

export function isLanguage(text: string | null | undefined): text is Language {
  return text !== null && text !== undefined && Object.hasOwn(LANGUAGES, text);
}

/** The first language of these that there is. */
export function languageFor(wanted: readonly string[]): Language {
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find(isLanguage) ?? "en";
}

export async function startLanguage(): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  const kept = localStorage.getItem(KEY);
  await show(isLanguage(kept) ? kept : languageFor(navigator.languages));
}

/** Changes the language, now and for later visits of this browser. */
export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEY, language);
  await show(language);
}

async function show(language: Language): Promise<void> {
  if (language !== "en" && !i18n.hasResourceBundle(language, "translation"))
    i18n.addResourceBundle(language, "translation", (await texts[language]()).default);
  await i18n.changeLanguage(language);
  document.documentElement.lang = language;
}
