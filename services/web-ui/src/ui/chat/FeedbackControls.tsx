import { useState, type ReactElement, type SubmitEvent } from "react";
import { problemOf } from "../../api/problem";
import type { Feedback, Problem } from "../../api/types";
import { DownIcon, UpIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";

const REASONS = [
  ["wrong", "It is wrong"],
  ["incomplete", "Something is missing"],
  ["outdated", "It is out of date"],
  ["other", "Something else"],
] as const;

/** Thumbs up or down; after a "down", what was wrong with the answer, if the reader cares to say. */
export function FeedbackControls({ answerId }: { answerId: string }): ReactElement {
  const { chat } = useServices();
  const [rating, setRating] = useState<Feedback["rating"] | null>(null);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const send = async (feedback: Feedback): Promise<void> => {
    const before = rating;
    setRating(feedback.rating);
    setProblem(null);
    try {
      await chat.feedback(answerId, feedback);
    } catch (error) {
      setRating(before);
      setProblem(problemOf(error));
    }
  };
  const rate = (next: Feedback["rating"]): void => {
    setAsking(next === "down" && rating !== "down");
    void send({ rating: next });
  };

  return (
    <>
      <RateButton
        label="Good answer"
        pressed={rating === "up"}
        testId="feedback-up"
        onClick={() => rate("up")}
      >
        <UpIcon />
      </RateButton>
      <RateButton
        label="Bad answer"
        pressed={rating === "down"}
        testId="feedback-down"
        onClick={() => rate("down")}
      >
        <DownIcon />
      </RateButton>
      {asking && (
        <ReasonForm
          onSkip={() => setAsking(false)}
          onSend={(feedback) => {
            setAsking(false);
            void send(feedback);
          }}
        />
      )}
      {problem !== null && <ProblemBanner problem={problem} onDismiss={() => setProblem(null)} />}
    </>
  );
}

interface RateButtonProps {
  label: string;
  pressed: boolean;
  testId: string;
  onClick: () => void;
  children: ReactElement;
}

function RateButton({ label, pressed, testId, onClick, children }: RateButtonProps): ReactElement {
  return (
    <button
      type="button"
      className="icon-button small"
      aria-label={label}
      aria-pressed={pressed}
      title={label}
      data-testid={testId}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

interface ReasonFormProps {
  onSend: (feedback: Feedback) => void;
  onSkip: () => void;
}

function ReasonForm({ onSend, onSkip }: ReasonFormProps): ReactElement {
  const [reason, setReason] = useState<string | null>(null);
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const comment = new FormData(event.currentTarget).get("comment");
    onSend({
      rating: "down",
      ...(reason === null ? {} : { reason }),
      ...(typeof comment === "string" && comment.trim() !== "" ? { comment: comment.trim() } : {}),
    });
  };
  return (
    <form className="reasons" onSubmit={submit}>
      <p>Thank you. What was wrong?</p>
      <div className="chips">
        {REASONS.map(([value, label]) => (
          <button
            key={value}
            type="button"
            className="chip"
            aria-pressed={reason === value}
            onClick={() => setReason(value)}
          >
            {label}
          </button>
        ))}
      </div>
      <textarea
        name="comment"
        rows={2}
        maxLength={2000}
        aria-label="Comment"
        placeholder="Tell us more (optional)"
      />
      <div className="dialog-actions">
        <button type="button" className="button small" onClick={onSkip}>
          Skip
        </button>
        <button type="submit" className="button small primary">
          Send
        </button>
      </div>
    </form>
  );
}
