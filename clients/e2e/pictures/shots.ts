// Pictures of every view of the widget at the widths that matter, light and dark, from either side; for people to look at.
import { mkdir } from "node:fs/promises";
import type { Customer } from "../stage/customer";
import { CUT } from "../stage/seat";
import { expect, test } from "../stage/stage";

const FOLDER = process.env.SHOTS ?? "shots";
const SIZES = [
  { name: "390", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  { name: "768", viewport: { width: 768, height: 1024 } },
  { name: "1440", viewport: { width: 1440, height: 900 } },
];

for (const { name: size, ...screen } of SIZES)
  for (const colorScheme of ["light", "dark"] as const)
    for (const dir of ["ltr", "rtl"] as const)
      test(`${size} ${colorScheme} ${dir}`, async ({ stage }) => {
        await mkdir(FOLDER, { recursive: true });
        const owner = await stage.behind(stage.demo.owner);
        await owner.tenants.updateWidget({
          color: "#2f6b4a",
          launcherLabel: size === "1440" ? "Ask us" : "",
          greeting: size === "768" ? "Hi, what can we grow for you?" : "",
        });
        const where = { ...screen, colorScheme, language: dir === "rtl" ? "es" : "en" } as const;
        const shot = ({ page }: Customer, view: string) =>
          page.screenshot({ path: `${FOLDER}/${size}-${colorScheme}-${dir}-${view}.png` });

        const late = await stage.customer("Late", where, { dir });
        await late.open();
        await expect(late.button("sendTicket")).toBeVisible();
        await shot(late, "7-away");
        await late.start("When are you back?");
        await expect(late.inside.locator(".medal.done")).toBeVisible();
        await shot(late, "8-thanks");

        const ada = await stage.ada();
        const vera = await stage.customer("Vera", where, { dir });
        vera.seat.expects(CUT);
        await shot(vera, "1-closed");
        await vera.open();
        await vera.button("startChat").click();
        await shot(vera, "2-form");
        await vera.start("Hello! My snake plant has yellow leaves.");
        await vera.sees("Hello! My snake plant has yellow leaves.", "sent");
        await shot(vera, "3-waiting");
        await ada.open("Hello! My snake plant has yellow leaves.");
        await ada.claim();
        await ada.write("Hi Vera, sorry to hear that!");
        await ada.write("Twice a month is enough. Here is the card: https://fern.example/care/snake-plant.");
        await vera.sees("Twice a month is enough. Here is the card: https://fern.example/care/snake-plant.");
        await vera.write("Thank you!");
        await vera.sees("Thank you!", "seen");
        await ada.composer.pressSequentially("You are");
        await expect(vera.inside.locator(".typing")).toBeVisible();
        await shot(vera, "4-chat");
        await vera.seat.goOffline();
        await vera.write("Are you still there?");
        await vera.sees("Are you still there?", "waiting");
        await expect(vera.inside.locator(".noticeBar")).toBeVisible();
        await shot(vera, "5-offline");
        await vera.seat.goOnline();
        await vera.sees("Are you still there?", "sent", "seen");
        await ada.close();
        await expect(vera.inside.locator(".ended")).toBeVisible();
        await shot(vera, "6-ended");
      });
