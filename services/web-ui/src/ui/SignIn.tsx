import { useRef, useState, type ReactElement, type SubmitEvent } from "react";
import { Bolt } from "./icons";
import { ProblemBanner } from "./ProblemBanner";
import { useObservable } from "./services";
import type { Session } from "./session";
import { ThemeToggle } from "./ThemeToggle";

export function SignIn({ session }: { session: Session }): ReactElement {
  const { problem } = useObservable(session);
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    await session.signIn(textOf(fields.get("email")), textOf(fields.get("password")));
    setBusy(false);
    password.current?.select();
  };

  return (
    <main className="sign-in">
      <div className="sign-in-corner">
        <ThemeToggle />
      </div>
      <form className="sign-in-card" onSubmit={(event) => void submit(event)}>
        <span className="sign-in-mark">
          <Bolt size={26} />
        </span>
        <h1>Sign in to AskFlash</h1>
        <p className="muted">Ask your documentation, and follow every answer back to its source.</p>
        {problem !== null && <ProblemBanner problem={problem} />}
        <label className="field">
          <span>Email</span>
          <input
            name="email"
            type="email"
            autoComplete="username"
            required
            data-testid="sign-in-email"
            placeholder="you@company.com"
          />
        </label>
        <label className="field">
          <span>Password</span>
          <input
            ref={password}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            data-testid="sign-in-password"
          />
        </label>
        <button type="submit" className="button primary wide" disabled={busy} data-testid="sign-in-submit">
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

function textOf(value: FormDataEntryValue | null): string {
  return typeof value === "string" ? value : "";
}
