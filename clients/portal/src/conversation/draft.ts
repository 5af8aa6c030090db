/** Where the draft of a chat or a ticket is kept. */
export const draftKey = (id: string) => `entry:${id}`;
