import { useCallback, useEffect, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { Alias, Problem } from "../../api/types";
import { TrashIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { AliasForm } from "./AliasForm";
import { AliasWords } from "./AliasWords";
import { Discovery } from "./Discovery";

/** For editors: words that mean the same here, and what the documentation suggests. */
export default function AliasesPage(): ReactElement {
  const { api } = useServices();
  const [aliases, setAliases] = useState<Alias[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(
    () => api.aliases().then(setAliases, (error: unknown) => setProblem(problemOf(error))),
    [api],
  );
  useEffect(() => {
    void load();
  }, [load]);

  const add = async (term: string, synonyms: string[]): Promise<void> => {
    await api.addAlias(term, synonyms);
    setProblem(null);
    await load();
  };
  const remove = async (alias: Alias): Promise<void> => {
    try {
      await api.deleteAlias(alias.id);
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    }
    await load();
  };

  return (
    <div className="page">
      <div className="page-column">
        <h1>Aliases</h1>
        <p className="muted">
          Words that mean the same here. Whoever searches for one finds the other, in every search from now
          on.
        </p>
        {problem !== null && <ProblemBanner problem={problem} onDismiss={() => setProblem(null)} />}
        <AliasForm onAdd={add} />
        <section aria-labelledby="aliases-title">
          <h2 id="aliases-title">In use</h2>
          <ul className="rows">
            {aliases?.map((alias) => (
              <AliasRow key={alias.id} alias={alias} onRemove={remove} />
            ))}
          </ul>
          {aliases?.length === 0 && <p className="muted">No alias is in use yet.</p>}
        </section>
        <Discovery onAccept={add} />
      </div>
    </div>
  );
}

interface AliasRowProps {
  alias: Alias;
  onRemove: (alias: Alias) => Promise<void>;
}

function AliasRow({ alias, onRemove }: AliasRowProps): ReactElement {
  return (
    <li className="row alias-row" data-testid="alias-row">
      <AliasWords term={alias.term} synonyms={alias.synonyms} />
      <button
        type="button"
        className="icon-button small"
        data-testid="alias-delete"
        aria-label={`Delete the alias ${alias.term}`}
        title="Delete"
        onClick={() => void onRemove(alias)}
      >
        <TrashIcon />
      </button>
    </li>
  );
}
