import { useState, type ReactElement, type ReactNode } from "react";
import type { Problem } from "../api/types";
import { AlertIcon, CloseIcon } from "./icons";

interface ProblemBannerProps {
  problem: Problem;
  onDismiss?: () => void;
  /** What the reader can do about it. */
  children?: ReactNode;
}

/** Says what went wrong: title and detail at once, what support needs to find it on demand. */
export function ProblemBanner({ problem, onDismiss, children }: ProblemBannerProps): ReactElement {
  const [open, setOpen] = useState(false);
  const facts = factsOf(problem);
  return (
    <div className="banner" role="alert" data-testid="error-banner">
      <span className="banner-icon">
        <AlertIcon />
      </span>
      <div className="banner-body">
        <p className="banner-title">{problem.title}</p>
        {problem.detail != null && problem.detail !== "" && <p className="banner-detail">{problem.detail}</p>}
        {(problem.errors ?? []).map((error) => (
          <p className="banner-detail" key={`${error.field}:${error.message}`}>
            {error.field}: {error.message}
          </p>
        ))}
        <div className="banner-actions">
          {children}
          {facts.length > 0 && (
            <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? "Hide details" : "Details"}
            </button>
          )}
        </div>
        {open && (
          <dl className="facts">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      {onDismiss !== undefined && (
        <button type="button" className="icon-button" aria-label="Dismiss" onClick={onDismiss}>
          <CloseIcon />
        </button>
      )}
    </div>
  );
}

function factsOf(problem: Problem): [string, string][] {
  const facts: [string, string | null | undefined][] = [
    ["Request", problem.request_id],
    ["Code", problem.type === "about:blank" ? null : problem.type],
    ["Status", problem.status === 0 ? null : String(problem.status)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] != null && fact[1] !== "");
}
