// A shop of its own: another origin than the server's, with a policy as strict as a shop's may be. Where its site is another one, too,
// the browser gives the widget's frame no storage.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { resolve } from "node:path";

const DEMO = resolve(import.meta.dirname, "../../widget/demo");

export interface Shop {
  readonly url: string;
  close(): Promise<void>;
}

/** The demo's page at that host name, with the widget of the edge. */
export async function openShop(edge: string, host: string): Promise<Shop> {
  const policy = `default-src 'none'; script-src ${edge}; style-src 'self'; img-src 'self' data:; frame-src ${edge}`;
  const page = (await readFile(`${DEMO}/index.html`, "utf8"))
    .replace(/<meta\s+http-equiv[^>]*>/s, "")
    .replace('"/widget.js"', `"${edge}/widget.js"`);
  const style = await readFile(`${DEMO}/shop.css`);
  const server = createServer((asked, answer) => {
    const isStyle = asked.url?.endsWith(".css");
    const type = isStyle ? "text/css" : "text/html; charset=utf-8";
    answer.writeHead(200, { "content-type": type, "content-security-policy": policy }).end(isStyle ? style : page);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the shop has no port");
  return {
    url: `http://${host}:${address.port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
