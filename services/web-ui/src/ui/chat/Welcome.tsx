import { ThreadPrimitive } from "@assistant-ui/react";
import type { ReactElement } from "react";
import { Bolt } from "../icons";

const EXAMPLES = [
  "How do I start AskFlash on my machine?",
  "How does a question become a cited answer?",
  "What happens when a worker dies in the middle of an answer?",
  "Which model servers can AskFlash use?",
];

export function Welcome(): ReactElement {
  return (
    <div className="welcome">
      <span className="welcome-mark">
        <Bolt size={28} />
      </span>
      <h1>What would you like to know?</h1>
      <p className="muted">Answers come from your documentation, with the passage behind every sentence.</p>
      <ul className="examples">
        {EXAMPLES.map((question) => (
          <li key={question}>
            <ThreadPrimitive.Suggestion className="example" prompt={question} send>
              {question}
            </ThreadPrimitive.Suggestion>
          </li>
        ))}
      </ul>
    </div>
  );
}
