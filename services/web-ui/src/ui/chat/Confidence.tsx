import type { ReactElement } from "react";
import type { Answer } from "../../api/types";

const LEVELS = [
  { name: "Low confidence", bars: 1, from: 0 },
  { name: "Fair confidence", bars: 2, from: 0.4 },
  { name: "High confidence", bars: 3, from: 0.7 },
] as const;

/** How far the answer may be trusted, in words; what was not written from passages has none. */
export function Confidence({ answer }: { answer: Answer }): ReactElement | null {
  const { confidence } = answer;
  if (answer.refusal !== null || answer.state !== "done" || answer.sources.length === 0) return null;
  const level = LEVELS.findLast((candidate) => confidence >= candidate.from) ?? LEVELS[0];
  return (
    <span
      className="confidence"
      data-testid="confidence"
      data-level={level.bars}
      title={`Your documentation answers this with an estimated probability of ${Math.round(confidence * 100)} %`}
    >
      <span className="bars" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {level.name}
    </span>
  );
}
