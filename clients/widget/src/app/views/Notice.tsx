/** A line that says how things are, where it matters. */
import { Icon } from "./icons";

export function Notice({ kind, text }: { readonly kind: "fault" | "quiet"; readonly text: string }) {
  return (
    <p class={`notice ${kind}`} role={kind === "fault" ? "alert" : "status"}>
      <Icon name="alert" />
      <span>{text}</span>
    </p>
  );
}
