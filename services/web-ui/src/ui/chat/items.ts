import type { ThreadMessageLike } from "@assistant-ui/react";
import type { AnswerView } from "../../chat/answer";
import { isUnderWay } from "../../chat/answer";
import { shownAnswer, type Thread, type Turn } from "../../chat/thread";

/** A question or the answer under it, as the chat library lists them. */
export type Item =
  { kind: "question"; turn: Turn } | { kind: "answer"; turn: Turn; view: AnswerView; latest: boolean };

/** The thread as a flat list. An item stays the same object while what it shows stays the same. */
export class ItemList {
  readonly #questions = new WeakMap<Turn, Item>();
  readonly #answers = new WeakMap<AnswerView, Item & { kind: "answer" }>();

  of(thread: Thread, answers: Record<string, AnswerView>): Item[] {
    return thread.turns.flatMap((turn, index) => [
      this.#question(turn),
      this.#answer(turn, shownAnswer(turn, answers), index === thread.turns.length - 1),
    ]);
  }

  #question(turn: Turn): Item {
    const item = this.#questions.get(turn) ?? { kind: "question", turn };
    this.#questions.set(turn, item);
    return item;
  }

  #answer(turn: Turn, view: AnswerView, latest: boolean): Item {
    const known = this.#answers.get(view);
    if (known?.turn === turn && known.latest === latest) return known;
    const item = { kind: "answer" as const, turn, view, latest };
    this.#answers.set(view, item);
    return item;
  }
}

export function toMessage(item: Item): ThreadMessageLike {
  if (item.kind === "question") {
    return {
      role: "user",
      id: `${item.turn.key}/question`,
      content: item.turn.content,
      createdAt: new Date(item.turn.createdAt),
      metadata: { custom: { item } },
    };
  }
  return {
    role: "assistant",
    id: `${item.turn.key}/answer/${item.turn.shown}`,
    content: [{ type: "text", text: item.view.content }],
    status: isUnderWay(item.view) ? { type: "running" } : { type: "complete", reason: "stop" },
    metadata: { custom: { item } },
  };
}

/** The item that `toMessage` put into a message. */
export function itemOf(message: { metadata: { custom: Record<string, unknown> } }): Item {
  return message.metadata.custom.item as Item; // put there by toMessage alone
}
