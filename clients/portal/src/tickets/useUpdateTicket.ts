/** Changes a ticket, and shows it as the server then has it. */
import type { UpdateTicketRequest } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { useDesk } from "@/live/desk";

export type TicketChange = Omit<UpdateTicketRequest, "ticketId">;

export function useUpdateTicket(ticketId: string) {
  const { client, world } = useDesk();
  return useMutation({
    mutationFn: (change: TicketChange) => client.tickets.updateTicket({ ticketId, ...change }),
    onSuccess(answer) {
      if (answer.ticket) world.tickets.put(answer.ticket);
    },
  });
}
