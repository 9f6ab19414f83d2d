// The mock's HTTP API.

import { addAlias, aliases, discovery } from "./aliases.mjs";
import { DOCUMENTS } from "./library.mjs";
import {
  addSource,
  checked,
  conversations,
  generate,
  generations,
  jobs,
  listed,
  messages,
  newId,
  pace,
  removeSource,
  sources,
  startJob,
} from "./state.mjs";

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
  name: email.startsWith("user") ? "Reader" : "Administrator",
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
  ["POST", /^\/api\/v1\/sources$/, ({ body }) => [201, addSource(body)]],
  ["POST", /^\/api\/v1\/sources\/([\w-]+)\/check$/, ({ match }) => [200, checked(match[1])]],
  ["DELETE", /^\/api\/v1\/sources\/([\w-]+)$/, ({ match }) => removeSource(match[1])],
  [
    "POST",
    /^\/api\/v1\/sources\/([\w-]+)\/sync$/,
    ({ match }) => [202, { job_id: startJob(match[1], 64).id }],
  ],
  ["GET", /^\/api\/v1\/indexing\/jobs\/([\w-]+)$/, ({ match }) => [200, jobs.get(match[1])]],
  ["GET", /^\/api\/v1\/indexing\/jobs\/([\w-]+)\/events$/, streamJob],
  [
    "POST",
    /^\/api\/v1\/indexing\/jobs\/([\w-]+)\/retry$/,
    ({ match }) => [202, { job_id: startJob(jobs.get(match[1]).source_id, 1).id }],
  ],
  ["GET", /^\/api\/v1\/aliases$/, () => [200, page(aliases)]],
  ["POST", /^\/api\/v1\/aliases$/, ({ body }) => [201, addAlias(body)]],
  ["POST", /^\/api\/v1\/aliases\/discover$/, () => [200, discovery()]],
  [
    "DELETE",
    /^\/api\/v1\/aliases\/([\w-]+)$/,
    ({ match }) => {
      aliases.splice(
        aliases.findIndex(({ id }) => id === match[1]),
        1,
      );
      return [204];
    },
  ],
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

export const cookie = (request, name) =>
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

export async function answer(request, response, url) {
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
