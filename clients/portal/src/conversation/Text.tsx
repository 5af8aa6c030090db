/** What was written, as it was written; web addresses can be followed. */

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

export function Text({ text }: { readonly text: string }) {
  const parts: React.ReactNode[] = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(end, found.index));
    parts.push(
      <a
        key={found.index}
        href={found[0]}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="text-accent-ink underline"
      >
        {found[0]}
      </a>,
    );
    end = found.index + found[0].length;
  }
  parts.push(text.slice(end));
  return (
    <p data-text="" className="break-words whitespace-pre-wrap [overflow-wrap:anywhere]">
      {parts}
    </p>
  );
}
