/** Taking a waiting chat. Of many who try at once one gets it; the others are told who. */
import { asError } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { useSay } from "@/errors/useSay";
import { useDesk } from "@/live/desk";

export function useClaim(chatId: string, onClaimed: () => void) {
  const { client, world, reader } = useDesk();
  const say = useSay();
  const claim = useMutation({
    /** `isQuiet` where whoever asks tells it. */
    mutationFn: (_isQuiet: boolean) => client.chats.claimChat({ chatId }),
    onSuccess({ chat }) {
      if (chat) world.chats.put(chat);
      onClaimed();
    },
    onError(error, isQuiet) {
      if (!isQuiet) say(error, () => claim.mutate(false));
      // Whoever has it now, or that it is closed, may not have been heard yet.
      if (asError(error).status === 409) void reader.chat(chatId).catch(() => undefined);
    },
  });
  return claim;
}

export type Claim = ReturnType<typeof useClaim>;
