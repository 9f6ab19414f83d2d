import { expect, test } from "vitest";
import { askedTurn, historyOf, shownAnswer } from "../../src/chat/thread";
import { aQuestion, aReply } from "../fakes";

test("several answers to one question stand beside each other, the latest in front", () => {
  const { turns, answers } = historyOf(
    [aQuestion({ answer_id: "a2" }), aReply(), aReply({ id: "a2", content: "Better." })],
    [],
  );
  expect(turns).toMatchObject([{ messageId: "m1", answerIds: ["a1", "a2"], shown: 1 }]);
  expect(answers.map((view) => view.content)).toEqual(["It starts with make up [1].", "Better."]);
});

test("an answer written again later finds its own question", () => {
  const { turns } = historyOf(
    [
      aQuestion({ answer_id: "a3" }),
      aReply(),
      aQuestion({ id: "m2", answer_id: "a2" }),
      aReply({ id: "a2", message_id: "m2" }),
      aReply({ id: "a3", message_id: "m1" }),
    ],
    [],
  );
  expect(turns.map((turn) => turn.answerIds)).toEqual([["a1", "a3"], ["a2"]]);
});

test("an answer under way stands behind those that are written", () => {
  const { turns, answers } = historyOf(
    [aQuestion({ answer_id: "a2", answer_state: "running" }), aReply()],
    [],
  );
  expect(turns[0]).toMatchObject({ answerIds: ["a1", "a2"], shown: 1 });
  expect(answers.at(-1)).toMatchObject({ id: "a2", state: "running", content: "" });
});

test("a question keeps its key when it comes back from the server", () => {
  const known = { ...askedTurn("client", "How?", ""), messageId: "m1" };
  expect(historyOf([aQuestion()], [known]).turns[0]?.key).toBe("client");
});

test("an answer without its question is left out", () => {
  expect(historyOf([aReply()], [])).toEqual({ turns: [], answers: [] });
});

test("a question without any answer has nothing to show", () => {
  const { turns } = historyOf([aQuestion({ answer_id: null })], []);
  expect(turns[0] && shownAnswer(turns[0], {})).toMatchObject({ state: "failed", content: "" });
});
