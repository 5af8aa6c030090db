/** The keys that work here, by what they do. */
import { useTranslation } from "react-i18next";
import { Dialog, Kbd, Switch } from "@/ui";
import { chooseSingleKeys, useAllCommands, useSingleKeys } from "./registry";

export function KeyboardHelp({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const single = useSingleKeys();
  const groups = Map.groupBy(
    useAllCommands().filter(({ keys }) => keys),
    ({ group }) => group,
  );
  return (
    <Dialog open onClose={onClose} title={t("commands.help")} wide>
      <div className="grid gap-6 md:grid-cols-2">
        {[...groups].map(([group, commands]) => (
          <section key={group}>
            <h3 className="mb-1 text-xs font-medium text-ink-3">{group}</h3>
            <dl>
              {commands.map(({ id, label, keys = "" }) => (
                <div key={id} className="flex min-h-8 items-center justify-between gap-4 border-b py-1 text-sm last:border-b-0">
                  <dt className="min-w-0">{label}</dt>
                  <dd>
                    <Kbd keys={keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <div className="mt-6 border-t pt-4 pb-2">
        <Switch label={t("commands.single")} hint={t("commands.singleHint")} checked={single} onChange={chooseSingleKeys} />
      </div>
    </Dialog>
  );
}
