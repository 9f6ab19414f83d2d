// A stand-in for the fleet while working on the page: the public contract with made-up content, in memory only.
// Serves dist/ too, under the gateway's Content-Security-Policy.
//
//   node mock/server.mjs [port]        any email, password "flash"; editor@… and admin@… see the editor's pages
//
// Questions with a special meaning: "fail", "pizza" (refused), "reset", "drop" (the line breaks in the middle).

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { WebSocketServer } from "ws";
import { Generation } from "./generation.mjs";
import { DOCUMENTS } from "./library.mjs";

const port = Number(process.argv[2] ?? 8081);
const pace = Number(process.env.MOCK_PACE_MS ?? 45);
const dist = join(import.meta.dirname, "..", "dist");
const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml" };

let counter = 0;
const newId = (kind) => `0198-${kind}-${String(++counter).padStart(4, "0")}`;
const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
const conversation = (title, days) => ({
  id: newId("conversation"),
  title,
  mode: "company",
  created_at: daysAgo(days),
  updated_at: daysAgo(days),
});

const conversations = [
  conversation("Which groups may see a document?", 1),
  conversation("Rotating the signing keys without a restart", 1),
  conversation("How the vector index is rebuilt", 4),
  conversation("Onboarding checklist for new services", 30),
];
const messages = new Map(conversations.map(({ id }) => [id, []]));
const generations = new Map();
const jobs = new Map();
const sources = [
  {
    id: "0198-src-1",
    type: "folder",
    name: "Product handbook",
    groups: [],
    schedule: "every hour",
    last_job_id: null,
  },
  {
    id: "0198-src-2",
    type: "git",
    name: "Engineering runbooks",
    groups: ["engineering"],
    schedule: null,
    last_job_id: null,
  },
  { id: "0198-src-3", type: "upload", name: "Uploads", groups: [], schedule: null, last_job_id: null },
];

function startJob(source_id, found, failing = false) {
  const job = {
    id: newId("job"),
    source_id,
    state: "running",
    phase: "reading",
    counts: { found, indexed: 0, unchanged: 0, deleted: 0, skipped: 0, failed: 0 },
    problems: [],
    started_at: new Date().toISOString(),
    heartbeat_at: null,
    finished_at: null,
  };
  jobs.set(job.id, job);
  sources.find(({ id }) => id === source_id).last_job_id = job.id;
  const timer = setInterval(() => {
    job.phase = "indexing";
    job.counts.indexed = Math.min(found, job.counts.indexed + Math.ceil(found / 12));
    if (job.counts.indexed < found) return;
    clearInterval(timer);
    if (failing) {
      Object.assign(job.counts, { indexed: found - 1, failed: 1 });
      job.problems.push({ document: "diagrams/overview.bin", detail: "This is not a text document." });
    }
    Object.assign(job, { state: failing ? "partial" : "succeeded", finished_at: new Date().toISOString() });
  }, pace * 6);
  return job;
}
startJob("0198-src-1", 128, true);

function accept(content, conversationId) {
  let target = conversations.find(({ id }) => id === conversationId);
  if (target === undefined) {
    target = conversation(content.slice(0, 60), 0);
    conversations.unshift(target);
    messages.set(target.id, []);
  }
  const message = {
    id: newId("message"),
    conversation_id: target.id,
    role: "user",
    content,
    created_at: new Date().toISOString(),
  };
  messages.get(target.id).push(message);
  return { message, generation: generate(message) };
}

function generate(message) {
  const generation = new Generation({
    id: newId("answer"),
    conversationId: message.conversation_id,
    messageId: message.id,
    question: message.content,
    pace,
  });
  generations.set(generation.id, generation);
  message.answer_id = generation.id;
  return generation;
}

function listed(conversationId) {
  return messages.get(conversationId)?.flatMap((message) => {
    const own = [...generations.values()].filter(
      ({ question, conversationId: id, answer }) =>
        answer !== null && id === conversationId && question === message.content,
    );
    const answers = own.map(({ answer }) => ({
      id: answer.id,
      conversation_id: conversationId,
      role: "assistant",
      content: answer.content,
      created_at: answer.created_at,
      answer,
    }));
    return [{ ...message, answer_state: generations.get(message.answer_id)?.state }, ...answers];
  });
}

const page = (items) => ({ items, next_cursor: null });
const PROBLEM = {
  401: "Not signed in",
  404: "Not found",
  403: "The CSRF token is missing",
  413: "The file is too large",
};

function problem(status, detail) {
  return [
    status,
    { type: "urn:flash:mock", title: PROBLEM[status], status, detail, request_id: newId("request") },
  ];
}

const ME = (email) => ({
  id: "0198-user",
  email,
  name: email.startsWith("user") ? "Noor Haddad" : "Ada Lindqvist",
  roles: email.startsWith("user") ? ["user"] : ["admin", "user"],
  groups: [],
});

const STATUS = () => ({
  status: "degraded",
  services: [
    "auth",
    "chat",
    "ai-intent",
    "ai-main",
    "documentation",
    "vector",
    "embedding",
    "indexing",
    "monitoring",
  ].map((name, index) => ({
    name,
    status: name === "ai-intent" ? "degraded" : "ok",
    version: "0.1.0",
    latency_ms: 3 + index * 1.7,
    detail: name === "ai-intent" ? "The model server answers slowly; questions go on without it." : "",
  })),
  queues: [
    { name: "q:{ai.0}", waiting: 0, in_progress: 1, oldest_seconds: 0.4, dead: 0 },
    { name: "q:{indexing}", waiting: 3, in_progress: 1, oldest_seconds: 12, dead: 2 },
  ],
  checked_at: new Date().toISOString(),
});

const routes = [
  ["GET", /^\/api\/v1\/auth\/me$/, ({ email }) => [200, ME(email)]],
  [
    "POST",
    /^\/api\/v1\/auth\/logout$/,
    ({ response }) => {
      response.setHeader("Set-Cookie", [
        "askflash_session=; Path=/; Max-Age=0",
        "askflash_csrf=; Path=/; Max-Age=0",
      ]);
      return [204];
    },
  ],
  [
    "GET",
    /^\/api\/v1\/conversations$/,
    ({ url }) => {
      const q = (url.searchParams.get("q") ?? "").toLowerCase();
      return [200, page(conversations.filter(({ title }) => title.toLowerCase().includes(q)))];
    },
  ],
  [
    "PATCH",
    /^\/api\/v1\/conversations\/([\w-]+)$/,
    ({ match, body }) => {
      const found = conversations.find(({ id }) => id === match[1]);
      return found ? [200, Object.assign(found, { title: body.title })] : problem(404);
    },
  ],
  [
    "DELETE",
    /^\/api\/v1\/conversations\/([\w-]+)$/,
    ({ match }) => {
      conversations.splice(
        conversations.findIndex(({ id }) => id === match[1]),
        1,
      );
      return [204];
    },
  ],
  [
    "GET",
    /^\/api\/v1\/conversations\/([\w-]+)\/messages$/,
    ({ match }) => {
      const items = listed(match[1]);
      return items ? [200, page(items)] : problem(404, "There is no such conversation.");
    },
  ],
  [
    "POST",
    /^\/api\/v1\/messages\/([\w-]+)\/regenerate$/,
    ({ match }) => {
      const message = [...messages.values()].flat().find(({ id }) => id === match[1]);
      if (!message) return problem(404);
      const generation = generate(message);
      void generation.run();
      return [202, { message_id: message.id, answer_id: generation.id }];
    },
  ],
  ["PUT", /^\/api\/v1\/messages\/([\w-]+)\/feedback$/, () => [204]],
  [
    "POST",
    /^\/api\/v1\/answers\/([\w-]+)\/cancel$/,
    ({ match }) => {
      generations.get(match[1]).state = "cancelled";
      return [202, {}];
    },
  ],
  [
    "GET",
    /^\/api\/v1\/documents\/([\w-]+)$/,
    ({ match }) => {
      const found = DOCUMENTS.find(({ id }) => id === match[1]);
      return found ? [200, found] : problem(404);
    },
  ],
  [
    "POST",
    /^\/api\/v1\/documents$/,
    () => [202, { document_id: newId("doc"), job_id: startJob("0198-src-3", 12).id }],
  ],
  ["GET", /^\/api\/v1\/sources$/, () => [200, page(sources)]],
  [
    "POST",
    /^\/api\/v1\/sources\/([\w-]+)\/sync$/,
    ({ match }) => [202, { job_id: startJob(match[1], 64).id }],
  ],
  ["GET", /^\/api\/v1\/indexing\/jobs\/([\w-]+)$/, ({ match }) => [200, jobs.get(match[1])]],
  ["GET", /^\/api\/v1\/indexing\/jobs\/([\w-]+)\/events$/, streamJob],
  ["GET", /^\/api\/v1\/status$/, () => [200, STATUS()]],
];

function streamJob({ match, response }) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const timer = setInterval(() => {
    const job = jobs.get(match[1]);
    response.write(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
    if (job.finished_at === null) return;
    clearInterval(timer);
    response.end();
  }, pace * 4);
  return null;
}

const cookie = (request, name) =>
  decodeURIComponent(new RegExp(`${name}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1] ?? "");

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return request.headers["content-type"] === "application/json" && text !== "" ? JSON.parse(text) : {};
}

function signIn({ email, password }, response) {
  if (password !== "flash") {
    return problem(401).map((part) =>
      typeof part === "number" ? part : { ...part, title: "Email or password is wrong" },
    );
  }
  response.setHeader("Set-Cookie", [
    `askflash_session=${encodeURIComponent(email)}; Path=/; HttpOnly; SameSite=Lax`,
    `askflash_csrf=${newId("csrf")}; Path=/; SameSite=Lax`,
  ]);
  return [200, { user: ME(email) }];
}

async function answer(request, response, url) {
  const body = await bodyOf(request);
  if (url.pathname === "/api/v1/auth/login") return signIn(body, response);
  const email = cookie(request, "askflash_session");
  if (email === "") return problem(401);
  if (request.method !== "GET" && request.headers["x-csrf-token"] !== cookie(request, "askflash_csrf")) {
    return problem(403);
  }
  for (const [method, pattern, handle] of routes) {
    const match = pattern.exec(url.pathname);
    if (match !== null && method === request.method) return handle({ match, body, url, email, response });
  }
  return problem(404, `${request.method} ${url.pathname}`);
}

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
  const { message, generation } = known ?? accept(frame.content, frame.conversation_id);
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
