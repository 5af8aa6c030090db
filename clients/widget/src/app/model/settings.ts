/** What the workspace wants its widget to be. The last answer is kept, so that a returning visitor sees the launcher at once. */
import { type GetWidgetResponse, localTexts, type Widget, type WidgetWorkspace } from "@rapport/client/light";
import type { WidgetClient } from "./client";

export interface Settings extends GetWidgetResponse {
  workspace: WidgetWorkspace;
  widget: Widget;
}

const texts = localTexts();
const keyOf = (workspace: string) => `rapport-widget:${workspace}`;

/** What was known last time; nothing where it cannot be read any more. */
export async function rememberedSettings(workspace: string): Promise<Settings | undefined> {
  try {
    return complete(JSON.parse((await texts.get(keyOf(workspace))) ?? "{}"));
  } catch {
    return undefined;
  }
}

/** Asks the server. */
export async function readSettings(client: WidgetClient, workspace: string): Promise<Settings> {
  const settings = complete(await client.tenants.getWidget({ workspace }));
  if (!settings) throw new TypeError("the answer lacks the widget");
  await texts.set(keyOf(workspace), JSON.stringify(settings));
  return settings;
}

function complete(answer: GetWidgetResponse): Settings | undefined {
  const { workspace, widget } = answer;
  return workspace && widget && { ...answer, workspace, widget };
}
