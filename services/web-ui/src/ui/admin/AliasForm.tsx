import { useState, type SyntheticEvent, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { separated } from "./connectors";

const LONGEST = 100; // characters of a term or a synonym, as the API has it

interface AliasFormProps {
  onAdd: (term: string, synonyms: string[]) => Promise<void>;
}

export function AliasForm({ onAdd }: AliasFormProps): ReactElement {
  const [term, setTerm] = useState("");
  const [synonyms, setSynonyms] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await onAdd(term.trim(), separated(synonyms));
      setTerm("");
      setSynonyms("");
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="alias-form" aria-label="Add an alias" onSubmit={(event) => void submit(event)}>
      <label className="field">
        Word
        <input
          data-testid="alias-term"
          placeholder="SRE"
          maxLength={LONGEST}
          value={term}
          onChange={(event) => setTerm(event.target.value)}
        />
      </label>
      <label className="field">
        Means the same as
        <input
          data-testid="alias-synonyms"
          placeholder="site reliability engineering, …"
          value={synonyms}
          onChange={(event) => setSynonyms(event.target.value)}
        />
      </label>
      <button
        type="submit"
        className="button primary"
        data-testid="alias-add"
        disabled={busy || term.trim() === "" || separated(synonyms).length === 0}
      >
        Add
      </button>
      {problem !== null && <ProblemBanner problem={problem} onDismiss={() => setProblem(null)} />}
    </form>
  );
}
