/** What is to be said around the messages: how the line is, and why what was asked last was refused. */
import type { Desk } from "../model/desk";
import { faultText } from "../model/faults";
import { t } from "../texts/index";
import { Notice } from "./Notice";

export function LineNotice({ desk }: { readonly desk: Desk }) {
  const { line } = desk;
  const notice = line.notice.value;
  if (!notice) return null;
  return (
    <div class="noticeBar">
      <Notice kind="quiet" text={t(notice)} />
      {line.isOver.value && (
        <button type="button" class="link" onClick={() => desk.goLive()}>
          {t("tryAgain")}
        </button>
      )}
    </div>
  );
}

export function Refusal({ desk }: { readonly desk: Desk }) {
  const refusal = desk.refusal.value;
  if (!refusal) return null;
  return (
    <div class="noticeBar">
      <Notice kind="fault" text={t(faultText(refusal))} />
    </div>
  );
}
