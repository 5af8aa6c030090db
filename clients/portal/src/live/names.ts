/** What to call people who may have said no name. */
import type { Customer } from "@rapport/client";
import type { TFunction } from "i18next";

/** What turns the text around it about, and what breaks a line. */
const UNSEEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

export function customerName(t: TFunction, customer: Customer | undefined): string {
  const name = customer?.name.replace(UNSEEN, "").trim();
  return name || customer?.email || t("customers.nameless", { id: customer?.visitorId.slice(-4).toUpperCase() ?? "" });
}
