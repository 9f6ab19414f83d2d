import { MessagePrimitive } from "@assistant-ui/react";
import type { ReactElement } from "react";
import type { Turn } from "../../chat/thread";

export function QuestionMessage({ turn }: { turn: Turn }): ReactElement {
  return (
    <MessagePrimitive.Root className="question" data-testid="question">
      <h2 className="visually-hidden">You asked</h2>
      <p>{turn.content}</p>
    </MessagePrimitive.Root>
  );
}
