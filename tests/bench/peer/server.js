// What Rapport replaces, as a careful team would build it: Express 5 for REST, socket.io 4.8 for what is live, pg for what must last. One process.
//
// A message is stored before anybody hears of it, once however often its request comes, and numbered without a gap in its chat: what is
// said in a chat waits for what was said there before. Everything that is known to help is done: no polling, no compression, prepared
// statements, a frame made once for all who hear it, no request kept behind an open socket.

import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import express from "express";
import pg from "pg";
import { Server } from "socket.io";

const LONGEST = 8_000;
const PAGE = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const secret = randomBytes(32);

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
await pool.query(`
  create table if not exists messages (
    chat_id text not null,
    seq integer not null,
    message_id uuid not null,
    sender_id uuid not null,
    text text not null,
    request_id uuid not null,
    sent_at timestamptz not null,
    primary key (chat_id, seq),
    unique (sender_id, request_id)
  )`);

const END = { name: "end", text: "select coalesce(max(seq), 0) as seq from messages where chat_id = $1" };
const INSERT = {
  name: "insert",
  text: `insert into messages (chat_id, seq, message_id, sender_id, text, request_id, sent_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (sender_id, request_id) do nothing`,
};
const EARLIER = { name: "earlier", text: "select * from messages where sender_id = $1 and request_id = $2" };
const NEWEST = { name: "newest", text: "select * from messages where chat_id = $1 order by seq desc limit $2" };

function sign(text) {
  return createHmac("sha256", secret).update(text).digest("base64url");
}

function issue(claims) {
  const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return `${body}.${sign(body)}`;
}

function verify(token) {
  const [body, signature] = String(token).split(".");
  const expected = Buffer.from(sign(body));
  const given = Buffer.from(signature ?? "");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return JSON.parse(Buffer.from(body, "base64url").toString());
}

/** The chats that were spoken in: the last number, and the end of the line of those who wait. */
const chats = new Map();

function chatOf(id) {
  let chat = chats.get(id);
  if (chat === undefined) {
    chat = { id, seq: undefined, line: Promise.resolve() };
    chats.set(id, chat);
  }
  return chat;
}

function told(row) {
  return {
    chatId: row.chat_id,
    seq: row.seq,
    messageId: row.message_id,
    sender: { kind: "customer", id: row.sender_id, name: "Vera Visitor" },
    text: row.text,
    requestId: row.request_id,
    sentAt: row.sent_at,
  };
}

async function store(chat, sender, { text, requestId }) {
  chat.seq ??= (await pool.query({ ...END, values: [chat.id] })).rows[0].seq;
  const row = {
    chat_id: chat.id,
    seq: chat.seq + 1,
    message_id: randomUUID(),
    sender_id: sender,
    text,
    request_id: requestId,
    sent_at: new Date(),
  };
  const done = await pool.query({ ...INSERT, values: Object.values(row) });
  if (done.rowCount === 0) {
    const earlier = await pool.query({ ...EARLIER, values: [sender, requestId] });
    return { message: told(earlier.rows[0]), isNew: false };
  }
  chat.seq = row.seq;
  return { message: told(row), isNew: true };
}

const app = express().disable("x-powered-by").disable("etag");
app.get("/health", (_req, res) => res.json({ ok: true }));
app.get("/visits/:chat", (req, res) => res.json({ token: issue({ sub: randomUUID(), chat: req.params.chat }) }));
app.get("/chats/:chat/messages", async (req, res) => {
  const claims = verify(req.get("authorization")?.replace(/^Bearer /, ""));
  if (claims?.chat !== req.params.chat) return res.status(401).json({ error: "unauthorized" });
  const { rows } = await pool.query({ ...NEWEST, values: [claims.chat, PAGE] });
  return res.json({ messages: rows.reverse().map(told) });
});

const server = createServer(app);
const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
  httpCompression: false,
  maxHttpBufferSize: 64 * 1024,
});
// The first request of a socket is not needed any more; socket.io's own advice for memory.
io.engine.on("connection", (socket) => {
  socket.request = null;
});
io.use((socket, next) => {
  const claims = verify(socket.handshake.auth.token);
  if (claims === undefined) return next(new Error("unauthorized"));
  socket.data = claims;
  return next();
});
io.on("connection", (socket) => {
  const { sub, chat: id } = socket.data;
  socket.join(id);
  socket.on("send", (body, answer) => {
    const fits = typeof body?.text === "string" && body.text.length > 0 && body.text.length <= LONGEST;
    if (typeof answer !== "function") return;
    if (!fits || !UUID.test(body.requestId)) return answer({ error: "invalid" });
    const chat = chatOf(id);
    chat.line = chat.line
      .then(() => store(chat, sub, body))
      .then(({ message, isNew }) => {
        if (isNew) io.to(id).emit("message", message);
        answer({ message });
      })
      .catch((error) => {
        // What the database has may be more than what is known here.
        chat.seq = undefined;
        console.error(error);
        answer({ error: "unavailable" });
      });
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(`peer listening edge=127.0.0.1:${server.address().port}`);
});
process.on("SIGTERM", () => {
  io.close();
  pool.end().then(() => process.exit(0));
});
