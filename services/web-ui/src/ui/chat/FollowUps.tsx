import { ThreadPrimitive } from "@assistant-ui/react";
import type { ReactElement } from "react";

export function FollowUps({ questions }: { questions: string[] }): ReactElement | null {
  if (questions.length === 0) return null;
  return (
    <ul className="follow-ups" aria-label="Ask next">
      {questions.map((question) => (
        <li key={question}>
          <ThreadPrimitive.Suggestion className="follow-up" prompt={question} send>
            {question}
          </ThreadPrimitive.Suggestion>
        </li>
      ))}
    </ul>
  );
}
