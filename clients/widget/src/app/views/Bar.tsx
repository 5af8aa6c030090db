/** The head of the panel: whom one talks to, and the few buttons. */
import type { Desk } from "../model/desk";
import { t } from "../texts/index";
import { Icon } from "./icons";

interface ButtonsProps {
  readonly desk: Desk;
  readonly withSound?: boolean;
  readonly withTickets?: boolean;
}

export function Buttons({ desk, withSound = false, withTickets = false }: ButtonsProps) {
  const { sound, host, tickets, chats } = desk;
  return (
    <div class="buttons">
      {withTickets && desk.besides.value > 0 && (
        <button
          type="button"
          class={tickets.unread.value + chats.unread.value > 0 ? "round news" : "round"}
          aria-label={t("yourMessages")}
          title={t("yourMessages")}
          onClick={() => desk.listTickets()}
        >
          <Icon name="mail" />
        </button>
      )}
      {withSound && (
        <button
          type="button"
          class="round"
          aria-label={t(sound.isOn.value ? "soundOff" : "soundOn")}
          title={t(sound.isOn.value ? "soundOff" : "soundOn")}
          onClick={() => sound.toggle()}
        >
          <Icon name={sound.isOn.value ? "bell" : "bellOff"} />
        </button>
      )}
      {!host.isAlone && (
        <button type="button" class="round" aria-label={t("closeChat")} title={t("closeChat")} onClick={() => desk.close()}>
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}

export function Avatar({ name }: { readonly name: string }) {
  const words = name.trim().split(/\s+/u);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "").join("");
  return (
    <span class="avatar" aria-hidden="true">
      {letters.toLocaleUpperCase()}
    </span>
  );
}

/** Whether somebody of the team is there. */
export function Presence({ isHere }: { readonly isHere: boolean }) {
  return (
    <p class="presence">
      <span class={isHere ? "dot here" : "dot"} aria-hidden="true" />
      {t(isHere ? "teamHere" : "teamAway")}
    </p>
  );
}

/** Of a conversation. */
export function Bar({ desk }: { readonly desk: Desk }) {
  const settings = desk.settings.value;
  const workspace = settings?.workspace.name ?? "";
  const agent = desk.conversation.chat.value?.assignee?.name;
  return (
    <header class="bar">
      <Avatar name={agent || workspace} />
      <div class="who">
        <h1 tabIndex={-1}>{agent || workspace}</h1>
        {agent ? <p class="presence">{workspace}</p> : settings && <Presence isHere={settings.teamAvailable} />}
      </div>
      <Buttons desk={desk} withSound withTickets />
    </header>
  );
}

/** Of a form: the color of the workspace and its own words. */
export function Hero({ desk, title, line }: { readonly desk: Desk; readonly title: string; readonly line: string }) {
  const settings = desk.settings.value;
  return (
    <header class="hero">
      <div class="heroTop">
        <span class="brandName">{settings?.workspace.name}</span>
        <Buttons desk={desk} />
      </div>
      <h1 tabIndex={-1}>
        <bdi>{title}</bdi>
      </h1>
      {line && (
        <p class="heroLine">
          <bdi>{line}</bdi>
        </p>
      )}
      {settings && <Presence isHere={settings.teamAvailable} />}
    </header>
  );
}
