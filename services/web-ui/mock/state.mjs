// What the mock remembers: conversations, answers under way, sources and their jobs.

import { Generation } from "./generation.mjs";

export const pace = Number(process.env.MOCK_PACE_MS ?? 45);

let counter = 0;
export const newId = (kind) => `0198-${kind}-${String(++counter).padStart(4, "0")}`;
const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
const conversation = (title, days) => ({
  id: newId("conversation"),
  title,
  mode: "company",
  created_at: daysAgo(days),
  updated_at: daysAgo(days),
});

export const conversations = [
  conversation("Which groups may see a document?", 1),
  conversation("Rotating the signing keys without a restart", 1),
  conversation("How the vector index is rebuilt", 4),
  conversation("Onboarding checklist for new services", 30),
];
export const messages = new Map(conversations.map(({ id }) => [id, []]));
export const generations = new Map();
export const jobs = new Map();
export const sources = [
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
    held_deletions: 41,
  },
  { id: "0198-src-3", type: "upload", name: "Uploads", groups: [], schedule: null, last_job_id: null },
];

export function addSource({ type, name, groups, schedule }) {
  const source = { id: newId("src"), type, name, groups, schedule, last_job_id: null, held_deletions: null };
  sources.push(source);
  return source;
}

/** What has "wrong" in its name cannot be read. */
export function checked(id) {
  const ok = !sources.find((source) => source.id === id).name.includes("wrong");
  return { ok, detail: ok ? "It can be read." : "The token is not accepted.", found: {} };
}

export function removeSource(id) {
  sources.splice(
    sources.findIndex((source) => source.id === id),
    1,
  );
  return [204];
}

export function startJob(source_id, found, failing = false) {
  const job = {
    id: newId("job"),
    source_id,
    state: "running",
    phase: "reading",
    counts: { found, indexed: 0, unchanged: 0, deleted: 0, skipped: 0, failed: 0 },
    problems: [],
    problems_total: 0,
    current: null,
    rate: null,
    seconds_left: null,
    started_at: new Date().toISOString(),
    heartbeat_at: null,
    finished_at: null,
  };
  jobs.set(job.id, job);
  sources.find(({ id }) => id === source_id).last_job_id = job.id;
  const timer = setInterval(() => {
    job.phase = "indexing";
    job.counts.indexed = Math.min(found, job.counts.indexed + Math.ceil(found / 12));
    const rate = 1000 / (pace * 6) / (1 / Math.ceil(found / 12));
    const left = (found - job.counts.indexed) / rate;
    Object.assign(job, { current: `guides/page-${job.counts.indexed}.md`, rate, seconds_left: left });
    if (job.counts.indexed < found) return;
    clearInterval(timer);
    if (failing) {
      Object.assign(job.counts, { indexed: found - 1, failed: 1 });
      job.problems.push({ document: "diagrams/overview.bin", detail: "This is not a text document." });
      job.problems_total = 1;
    }
    Object.assign(job, { state: failing ? "partial" : "succeeded", finished_at: new Date().toISOString() });
  }, pace * 6);
  return job;
}
startJob("0198-src-1", 128, true);

export function accept({ content, conversation_id, mode }) {
  let target = conversations.find(({ id }) => id === conversation_id);
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
    mode,
    created_at: new Date().toISOString(),
  };
  messages.get(target.id).push(message);
  return { message, generation: generate(message) };
}

export function generate(message) {
  const generation = new Generation({
    id: newId("answer"),
    conversationId: message.conversation_id,
    messageId: message.id,
    question: message.content,
    mode: message.mode,
    pace,
  });
  generations.set(generation.id, generation);
  message.answer_id = generation.id;
  return generation;
}

export function listed(conversationId) {
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
