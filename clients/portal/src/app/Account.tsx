/** The member's own corner, with the menu behind it. */
import { AccountButton } from "./AccountButton";
import { Behind, later } from "./later";

const AccountMenu = later(async () => (await import("./AccountMenu")).AccountMenu);

export function Account() {
  return (
    <Behind
      button={(open) => <AccountButton aria-haspopup="menu" aria-expanded={false} onClick={open} />}
      part={(isWanted) => <AccountMenu defaultOpen={isWanted} />}
    />
  );
}
