// A stand-in for the fleet while working on the page: the public contract with made-up content, in memory only.
// Serves dist/ too, under the gateway's Content-Security-Policy.
//
//   node mock/server.mjs [port]        any email, password "flash"; editor@… and admin@… see the editor's pages
//
// Questions with a special meaning: "fail", "pizza" (refused), "reset", "drop" (the line breaks in the middle), "cached",
// "bare" (a sentence without a source).

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";
import { answer, cookie } from "./api.mjs";
import { accept, generations, newId, pace } from "./state.mjs";

const port = Number(process.argv[2] ?? 8081);
const dist = join(import.meta.dirname, "..", "dist");
const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml" };

async function serveFile(pathname, response) {
  const name = extname(pathname) === "" ? "/index.html" : pathname;
  try {
    const content = await readFile(join(dist, name));
    response.writeHead(200, {
      "Content-Type": TYPES[extname(name)] ?? "application/octet-stream",
      "Content-Security-Policy": CSP,
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (!url.pathname.startsWith("/api/")) return void serveFile(url.pathname, response);
  void answer(request, response, url).then((result) => {
    if (result === null) return;
    const [status, body] = result;
    const type = status >= 400 ? "application/problem+json" : "application/json";
    response.writeHead(status, { "Content-Type": type, "X-Request-ID": newId("request") });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
});

const asked = new Map();

function onFrame(socket, frame, send) {
  if (frame.type === "ping") send({ type: "pong" });
  if (frame.type === "resume") {
    const generation = generations.get(frame.answer_id);
    if (generation !== undefined) socket.once("close", generation.follow(send, frame.after));
  }
  if (frame.type === "cancel") generations.get(frame.answer_id).state = "cancelled";
  if (frame.type !== "ask") return;
  const known = asked.get(frame.client_id);
  const { message, generation } = known ?? accept(frame);
  asked.set(frame.client_id, { message, generation });
  send({
    type: "accepted",
    client_id: frame.client_id,
    conversation_id: message.conversation_id,
    message_id: message.id,
    answer_id: generation.id,
  });
  socket.once("close", generation.follow(send, null));
  if (known !== undefined) return;
  void generation.run();
  if (/drop/i.test(frame.content)) setTimeout(() => socket.close(1012), pace * 40);
}

const sockets = new WebSocketServer({
  server,
  path: "/ws/v1/chat",
  handleProtocols: () => "askflash.v1",
});
sockets.on("connection", (socket, request) => {
  if (cookie(request, "askflash_session") === "") return socket.close(4401);
  const send = (frame) => socket.send(JSON.stringify(frame));
  socket.on("message", (data) => onFrame(socket, JSON.parse(data.toString()), send));
});

server.listen(port, "127.0.0.1", () => console.log(`mock on http://127.0.0.1:${server.address().port}`));
