/** The document in the frame: reads who is asked for, and shows the panel. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { Host } from "./host";
import { Desk } from "./model/desk";
import { locale } from "./texts/index";
import { App } from "./views/App";

const query = new URLSearchParams(location.search);
const wished = query.get("locale");
const host = new Host(window);
const desk = new Desk(query.get("workspace") ?? "", host, [...(wished ? [wished] : []), ...navigator.languages]);

effect(() => {
  document.documentElement.lang = locale.value;
  document.documentElement.dir = host.dir.value;
  document.title = desk.settings.value?.workspace.name ?? "";
});
const root = document.getElementById("root");
if (root) render(<App desk={desk} />, root);
void desk.begin();
