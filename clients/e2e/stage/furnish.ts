// A workspace in which something has happened: every list has something in it, and every state of a chat and a ticket is there.
import { createClient, memoryTexts, visitorSession } from "@rapport/client";
import type { Stage } from "./stage";

export interface Furnished {
  readonly waiting: string;
  readonly active: string;
  readonly closed: string;
  readonly ticket: string;
  readonly customer: string;
}

export async function furnish(stage: Stage): Promise<Furnished> {
  const ada = await stage.behind(stage.demo.agents[0]);
  const begin = async (name: string, text: string) => {
    const vera = createClient({
      url: stage.server.url,
      session: visitorSession({ workspace: stage.demo.workspace, texts: memoryTexts() }),
    });
    const { chat } = await vera.chats.startChat({ name, email: `${name.toLowerCase()}@example.com`, text });
    vera.close();
    return chat?.chatId ?? "";
  };
  const waiting = await begin("Wanda", "Wanda wartet");
  const active = await begin("Aziz", "Aziz https://fern.example/care");
  const closed = await begin("Clara", "Clara war da");
  const { chat } = await ada.chats.claimChat({ chatId: active });
  await ada.chats.sendMessage({ chatId: active, text: "Hola Aziz" });
  await ada.chats.sendMessage({ chatId: active, text: "Prefiere el correo", internal: true });
  await ada.chats.claimChat({ chatId: closed });
  await ada.chats.closeChat({ chatId: closed, reason: "Resuelto" });
  const { ticket } = await ada.tickets.createTicket({ chatId: active, subject: "Maceta rota", text: "Llegó rota" });
  const ticketId = ticket?.ticketId ?? "";
  await ada.tickets.addComment({ ticketId, text: "Enviamos otra", internal: false });
  return { waiting, active, closed, ticket: ticketId, customer: chat?.customer?.visitorId ?? "" };
}
