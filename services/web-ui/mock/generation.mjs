// One answer in the making: a log of frames that any number of readers follow from any position.

import { citationsOf, SENTENCES, SOURCES } from "./library.mjs";

const BARE = " Everybody also gets a `company` **car**.";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Generation {
  constructor({ id, conversationId, messageId, question, mode, pace }) {
    Object.assign(this, { id, conversationId, messageId, question, mode, pace });
    this.frames = [];
    this.readers = new Set();
    this.state = "queued";
    this.content = "";
    this.answer = null;
  }

  follow(send, after) {
    const from = after === null ? 0 : this.frames.findIndex((frame) => frame.position === after) + 1;
    this.frames.slice(from).forEach(send);
    this.readers.add(send);
    return () => this.readers.delete(send);
  }

  push(frame) {
    const position = `1-${this.frames.length + 1}`;
    const whole = { ...frame, answer_id: this.id, position };
    this.frames.push(whole);
    for (const send of this.readers) send(whole);
  }

  async run() {
    this.state = "running";
    if (this.mode === "general") return this.speak();
    await this.stage("understanding", "Reading the question", 5);
    await this.stage("searching", "Searching 2 pages", 6);
    if (/fail/i.test(this.question)) return this.fail();
    if (/pizza|refuse/i.test(this.question)) return this.refuse();
    this.push({ type: "sources", sources: SOURCES });
    await this.stage("writing", "Writing from 3 passages of 2 pages", 3);
    if (/reset/i.test(this.question)) {
      await this.write(SENTENCES.slice(0, 1));
      this.content = "";
      this.push({ type: "reset" });
      await this.stage("writing", "Writing again", 2);
    }
    await this.write(/bare/i.test(this.question) ? [...SENTENCES, BARE] : SENTENCES);
    if (this.state === "cancelled") return this.finish({ state: "cancelled" });
    await this.stage("checking", "Checking each citation", 5);
    this.finish({ state: "done", cached: /cached/i.test(this.question) });
  }

  /** The model alone. */
  async speak() {
    await this.stage("writing", "", 3);
    await this.write(["Small programs that talk to each other are easier to change than one large program."]);
    const alone = { grounded: false, confidence: 0, follow_ups: [], model: "small-model" };
    this.finish({ state: this.state === "cancelled" ? "cancelled" : "done", ...alone });
  }

  async stage(stage, detail, beats) {
    this.push({ type: "status", stage, detail });
    await pause(beats * this.pace);
  }

  async write(sentences) {
    for (const piece of sentences.join("").match(/\s*\S+/g) ?? []) {
      if (this.state === "cancelled") return;
      this.content += piece;
      this.push({ type: "delta", text: piece });
      await pause(this.pace);
    }
  }

  fail() {
    this.state = "failed";
    this.push({
      type: "error",
      problem: {
        type: "urn:flash:model_unavailable",
        title: "The model server does not answer",
        status: 503,
        detail: "Three attempts failed. The question is kept: try again in a minute.",
        request_id: "req-01J9ZK3Q7M4T",
      },
    });
  }

  refuse() {
    this.content = "Your documentation has no passage that answers this question. I looked through 2 pages.";
    this.push({ type: "sources", sources: SOURCES.slice(1) });
    this.push({ type: "delta", text: this.content });
    this.finish({
      state: "done",
      refusal: "not_in_documentation",
      confidence: 0.08,
      citations: [],
      grounded: false,
    });
  }

  finish(fields) {
    this.state = fields.state;
    this.answer = {
      id: this.id,
      message_id: this.messageId,
      conversation_id: this.conversationId,
      content: this.content,
      citations: citationsOf(this.content),
      uncited: uncitedIn(this.content),
      sources: this.frames.findLast((frame) => frame.type === "sources")?.sources ?? [],
      confidence: 0.86,
      grounded: true,
      refusal: null,
      cached: false,
      model: "extractive",
      usage: { prompt_tokens: 812, completion_tokens: 96 },
      timings_ms: { queue: 4, intent: 31, retrieval: 48, first_token: 96, total: 2140 },
      follow_ups: ["How do I change the port?", "Where does a local fleet keep its state?"],
      created_at: new Date().toISOString(),
      ...fields,
    };
    this.push({ type: "done", answer: this.answer });
  }
}

function uncitedIn(content) {
  if (!content.endsWith(BARE)) return [];
  const end = [...content].length;
  return [{ start: end - BARE.trim().length, end }];
}
