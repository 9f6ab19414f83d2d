import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError, localProblem } from "../../src/api/problem";
import type { AnswerView } from "../../src/chat/answer";
import { busyConversations, shownAnswer, type Turn } from "../../src/chat/thread";
import { anAnswer, aQuestion, aReply, aSource, delta, done, Page } from "../fakes";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function lastTurn(page: Page): Turn {
  const turn = page.store.activeThread.turns.at(-1);
  if (turn === undefined) throw new Error("nothing was asked");
  return turn;
}

function shown(page: Page): AnswerView {
  return shownAnswer(lastTurn(page), page.store.state.answers);
}

/** The line breaks and comes back. */
async function reconnected(page: Page): Promise<void> {
  page.line.socket.breaks(1012);
  await vi.advanceTimersByTimeAsync(1000);
  page.line.socket.opens();
}

describe("asking", () => {
  test("a question opens a conversation and its answer streams in", () => {
    const page = Page.online();
    page.asked("How do I start it?");
    page.line.socket.receives(
      { type: "status", stage: "writing", detail: "", answer_id: "a1", position: "1-1" },
      { type: "sources", sources: [aSource()], answer_id: "a1", position: "1-2" },
      delta("It starts ", "1-3"),
      delta("with make up [1].", "1-4"),
    );

    expect(page.store.activeThread.conversationId).toBe("c1");
    expect(shown(page)).toMatchObject({
      state: "running",
      stage: "writing",
      content: "It starts with make up [1].",
      sources: [aSource()],
    });
  });

  test("the deltas since the last reset are the answer's text", () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(delta("Half of a", "1-1"), { type: "reset", answer_id: "a1", position: "2-0" });
    page.line.socket.receives(delta("A whole ", "2-1"), delta("answer.", "2-2"));
    expect(shown(page).content).toBe("A whole answer.");

    page.line.socket.receives(done({ content: "A whole answer." }));
    expect(shown(page)).toMatchObject({ state: "done", content: "A whole answer." });
  });

  test("a frame that comes twice counts once", () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(delta("once ", "1-1"), delta("once ", "1-1"), delta("twice", "1-2"));
    expect(shown(page).content).toBe("once twice");
  });

  test("what follows the end of an answer changes nothing", () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(done({ content: "All." }), delta(" More.", "1-100"));
    expect(shown(page).content).toBe("All.");
  });

  test("an answer that fails says why", () => {
    const page = Page.online();
    page.asked("How?");
    const problem = { type: "urn:flash:upstream", title: "The model does not answer", status: 503 };
    page.line.socket.receives(delta("Half", "1-1"), {
      type: "error",
      problem,
      answer_id: "a1",
      position: "1-2",
    });
    expect(shown(page)).toMatchObject({ state: "failed", content: "Half", problem });
  });

  test("a refused question can be asked again, in its place", () => {
    const page = Page.online();
    page.store.ask("How?");
    const problem = { type: "urn:flash:rate_limited", title: "Too many questions", status: 429 };
    page.line.socket.receives({ type: "error", client_id: lastTurn(page).clientId, problem });
    expect(shown(page)).toMatchObject({ state: "failed", problem });

    page.store.askAgain(lastTurn(page));
    expect(page.store.activeThread.turns).toHaveLength(1);
    expect(page.line.socket.sentOf("ask").map((frame) => frame.content)).toEqual(["How?", "How?"]);
  });

  test("the list of conversations is told of a new question and of its answer", () => {
    const page = Page.online();
    page.asked("How?");
    expect(page.changes).toBe(1);
    page.line.socket.receives(delta("So.", "1-1"));
    expect(page.changes).toBe(1);
    page.line.socket.receives(done());
    expect(page.changes).toBe(2);
  });
});

describe("a line that breaks", () => {
  test("an answer goes on from its last position", async () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(delta("One ", "1-1"), delta("two ", "1-2"));
    await reconnected(page);

    expect(page.line.socket.sent).toEqual([{ type: "resume", answer_id: "a1", after: "1-2" }]);
    page.line.socket.receives(delta("two ", "1-2"), delta("three", "1-3"));
    expect(shown(page).content).toBe("One two three");
  });

  test("a question that was not accepted is sent again under its name", async () => {
    const page = new Page();
    page.store.start();
    page.store.ask("How?");
    page.line.socket.opens();
    const [first] = page.line.socket.sentOf("ask");
    await reconnected(page);
    expect(page.line.socket.sentOf("ask")).toEqual([first]);
  });

  test("a question that was accepted is not sent again", async () => {
    const page = Page.online();
    page.asked("How?");
    await reconnected(page);
    expect(page.line.socket.sentOf("ask")).toEqual([]);
  });

  test("an answer that has ended is not resumed", async () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(done());
    await reconnected(page);
    expect(page.line.socket.sent).toEqual([]);
  });

  test("a question that the server cannot take is not sent for ever", async () => {
    const page = Page.online();
    page.store.ask("far too long");
    page.line.socket.breaks(4413);
    await vi.advanceTimersByTimeAsync(1000);
    page.line.socket.opens();
    expect(page.line.socket.sent).toEqual([]);
    expect(shown(page)).toMatchObject({ state: "failed", problem: { title: "The question is too long" } });
  });

  test("a session that is over leads back to the sign-in", async () => {
    const page = Page.online();
    page.sessionAlive = false;
    page.line.socket.breaks(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(page.signedOut).toBe(true);
    expect(page.store.state.connection).toBe("stopped");
  });
});

describe("several conversations at once", () => {
  test("each answer grows in its own conversation", () => {
    const page = Page.online();
    page.asked("First?");
    page.store.newConversation();
    page.asked("Second?", { conversation: "c2", message: "m2", answer: "a2" });
    page.line.socket.receives(
      delta("one", "1-1", "a1"),
      delta("two", "1-1", "a2"),
      delta(" more", "1-2", "a1"),
    );

    expect(shown(page).content).toBe("two");
    expect(page.store.state.answers.a1?.content).toBe("one more");
    expect(busyConversations(page.store.state.threads, page.store.state.answers)).toEqual(
      new Set(["c1", "c2"]),
    );
  });

  test("a draft keeps its place on the page when the server names it", () => {
    const page = Page.online();
    const { key } = page.store.activeThread;
    page.asked("How?");
    expect(page.store.activeThread).toMatchObject({ key, conversationId: "c1" });
  });

  test("a deleted conversation makes room for a new one", () => {
    const page = Page.online();
    page.asked("How?");
    page.store.close("c1");
    expect(page.store.activeThread).toMatchObject({ conversationId: null, turns: [] });
  });

  test("frames that come together are announced together", () => {
    const page = Page.online();
    page.asked("How?");
    const planned: (() => void)[] = [];
    page.soon = (work) => planned.push(work);
    let announced = 0;
    page.store.subscribe(() => announced++);
    page.line.socket.receives(delta("a", "1-1"), delta("b", "1-2"));
    expect([announced, planned.length]).toEqual([0, 1]);

    planned[0]?.();
    expect(announced).toBe(1);
    expect(shown(page).content).toBe("ab");
  });
});

describe("opening a conversation", () => {
  test("a stored conversation is shown with its answers", async () => {
    const page = Page.online();
    page.api.stored = [aQuestion(), aReply({ content: "With make up [1]." })];
    await page.store.open("c1");
    expect(page.store.activeThread).toMatchObject({ conversationId: "c1", loading: false });
    expect(shown(page)).toMatchObject({ state: "done", content: "With make up [1]." });
    expect(page.line.socket.sent).toEqual([]);
  });

  test("an answer under way is resumed from the beginning after a reload", async () => {
    const page = Page.online();
    page.api.stored = [aQuestion({ answer_state: "running" })];
    await page.store.open("c1");
    expect(page.line.socket.sent).toEqual([{ type: "resume", answer_id: "a1", after: null }]);
    page.line.socket.receives(delta("From the ", "1-1"), delta("beginning.", "1-2"));
    expect(shown(page)).toMatchObject({ state: "running", content: "From the beginning." });
  });

  test("a conversation opened before the line is up is resumed when it is", async () => {
    const page = new Page();
    page.api.stored = [aQuestion({ answer_state: "queued" })];
    await page.store.open("c1");
    page.store.start();
    page.line.socket.opens();
    expect(page.line.socket.sent).toEqual([{ type: "resume", answer_id: "a1", after: null }]);
  });

  test("opening it again neither loses nor repeats what streams", async () => {
    const page = Page.online();
    page.asked("How do I start it?");
    page.line.socket.receives(delta("One ", "1-1"));
    page.store.newConversation();
    page.api.stored = [aQuestion({ answer_state: "running" })];
    await page.store.open("c1");
    page.line.socket.receives(delta("two", "1-2"));
    expect(page.line.socket.sentOf("resume")).toEqual([]);
    expect(page.store.activeThread.turns).toHaveLength(1);
    expect(shown(page).content).toBe("One two");
  });

  test("a conversation that is not there says so", async () => {
    const page = Page.online();
    page.api.failure = new ApiError({ type: "urn:flash:not_found", title: "Not found", status: 404 });
    await page.store.open("gone");
    expect(page.store.activeThread).toMatchObject({ loading: false, problem: { title: "Not found" } });
    page.store.dismissProblem();
    expect(page.store.activeThread.problem).toBeNull();
  });

  test("an answer that failed says why", async () => {
    const page = Page.online();
    const problem = localProblem("The model does not answer");
    page.api.stored = [
      aQuestion({ answer_state: "failed" }),
      aReply({ state: "failed", content: "", problem }),
    ];
    await page.store.open("c1");
    expect(shown(page)).toMatchObject({ state: "failed", problem });
  });
});

describe("stopping", () => {
  test("an answer under way is cancelled and keeps its text", () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(delta("So far", "1-1"));
    page.store.cancel();
    expect(page.line.socket.sentOf("cancel")).toEqual([{ type: "cancel", answer_id: "a1" }]);
    expect(shown(page).cancelling).toBe(true);

    page.line.socket.receives(done({ state: "cancelled", content: "So far" }));
    expect(shown(page)).toMatchObject({ state: "cancelled", content: "So far", cancelling: false });
  });

  test("a question that is stopped before it is accepted is cancelled once it is", () => {
    const page = Page.online();
    page.store.ask("How?");
    page.store.cancel();
    expect(page.line.socket.sentOf("cancel")).toEqual([]);
    page.line.socket.receives({
      type: "accepted",
      client_id: lastTurn(page).clientId,
      conversation_id: "c1",
      message_id: "m1",
      answer_id: "a1",
    });
    expect(page.line.socket.sentOf("cancel")).toEqual([{ type: "cancel", answer_id: "a1" }]);
  });

  test("without a line it is cancelled over HTTP", () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.breaks();
    page.store.cancel();
    expect(page.api.calls).toEqual([["cancel", "a1"]]);
  });

  test("a cancel that does not arrive can be tried again", async () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.breaks();
    page.api.failure = new Error("offline");
    page.store.cancel();
    await vi.advanceTimersByTimeAsync(0);
    expect(shown(page).cancelling).toBe(false);
  });
});

describe("once more", () => {
  test("a new answer stands beside the old one", async () => {
    const page = Page.online();
    page.asked("How?");
    page.line.socket.receives(done({ content: "Old." }));
    await page.store.regenerate(lastTurn(page));
    expect(page.line.socket.sentOf("resume")).toEqual([
      { type: "resume", answer_id: "answer-again", after: null },
    ]);
    page.line.socket.receives(delta("New.", "1-1", "answer-again"));
    expect(shown(page).content).toBe("New.");

    page.store.showAnswer(lastTurn(page), 0);
    expect(shown(page).content).toBe("Old.");
  });

  test("two clicks are one new answer", async () => {
    const page = Page.online();
    page.asked("How?");
    const turn = lastTurn(page);
    await Promise.all([page.store.regenerate(turn), page.store.regenerate(turn)]);
    expect(page.api.calls).toEqual([["regenerate", "m1"]]);
  });

  test("what prevents it is shown", async () => {
    const page = Page.online();
    page.asked("How?");
    page.api.failure = new Error("no");
    await page.store.regenerate(lastTurn(page));
    expect(page.store.activeThread.problem).toMatchObject({ detail: "no" });
  });

  test("a rating is about the answer, not about its question", async () => {
    const page = Page.online();
    await page.store.feedback(anAnswer().id, { rating: "up" });
    expect(page.api.calls).toEqual([["feedback", "a1", { rating: "up" }]]);
  });
});
