import { useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { AliasProposal, Discovery as Found, Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { AliasWords } from "./AliasWords";

const KINDS: Record<AliasProposal["evidence"][number]["kind"], string> = {
  acronym: "short form",
  also_known_as: "other name",
  redirect: "redirect",
  link: "link text",
};

interface DiscoveryProps {
  onAccept: (term: string, synonyms: string[]) => Promise<void>;
}

/** What the documents themselves suggest, with where it stands; nothing acts before it is accepted. */
export function Discovery({ onAccept }: DiscoveryProps): ReactElement {
  const { api } = useServices();
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const discover = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      setFound(await api.discoverAliases());
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  const accept = async ({ term, synonyms }: AliasProposal): Promise<void> => {
    setProblem(null);
    try {
      await onAccept(term, synonyms);
      setFound((before) => before && { ...before, proposals: without(before.proposals, term, synonyms) });
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  return (
    <section aria-labelledby="discovery-title" aria-busy={busy}>
      <div className="row-head">
        <h2 id="discovery-title">Suggested by your documents</h2>
        <button
          type="button"
          className="button small"
          data-testid="discover"
          disabled={busy}
          onClick={() => void discover()}
        >
          {busy ? "Reading…" : "Discover"}
        </button>
      </div>
      {problem !== null && <ProblemBanner problem={problem} />}
      <Proposals found={found} onAccept={accept} />
    </section>
  );
}

interface ProposalsProps {
  found: Found | null;
  onAccept: (proposal: AliasProposal) => Promise<void>;
}

function Proposals({ found, onAccept }: ProposalsProps): ReactElement {
  if (found === null) {
    return <p className="muted">Finds short forms, other names and link texts, with where they stand.</p>;
  }
  const proposals = found.proposals.filter((proposal) => !proposal.covered);
  return (
    <>
      <p className="muted" role="status">
        {countOf(proposals)} in {found.documents_read.toLocaleString()} documents
        {found.stopped !== null && "; there was not time for all of them"}
      </p>
      <ul className="rows proposals">
        {proposals.map((proposal) => (
          <Proposal
            key={`${proposal.term}\n${proposal.synonyms.join("\n")}`}
            proposal={proposal}
            onAccept={onAccept}
          />
        ))}
      </ul>
    </>
  );
}

function Proposal({
  proposal,
  onAccept,
}: {
  proposal: AliasProposal;
  onAccept: ProposalsProps["onAccept"];
}): ReactElement {
  const [busy, setBusy] = useState(false);
  const accept = async (): Promise<void> => {
    setBusy(true);
    await onAccept(proposal);
    setBusy(false);
  };
  return (
    <li className="row" data-testid="proposal">
      <div className="row-head">
        <AliasWords term={proposal.term} synonyms={proposal.synonyms} />
        <button
          type="button"
          className="button small"
          data-testid="proposal-accept"
          aria-label={`Accept ${proposal.term}`}
          disabled={busy}
          onClick={() => void accept()}
        >
          Accept
        </button>
      </div>
      {!proposal.open && (
        <p className="doubt">
          Found only in documents that not everyone may read. Once accepted, these words act in everybody's
          searches.
        </p>
      )}
      <ul className="evidence">
        {proposal.evidence.map((one) => (
          <li key={`${one.document_id}\n${one.kind}\n${one.text}`}>
            <q>{one.text}</q>
            <span className="muted">
              {KINDS[one.kind]} in {one.title}
              {one.count > 1 && `, ${one.count} times`}
            </span>
          </li>
        ))}
      </ul>
    </li>
  );
}

function countOf(proposals: AliasProposal[]): string {
  if (proposals.length === 0) return "Nothing new found";
  return proposals.length === 1 ? "1 suggestion" : `${proposals.length} suggestions`;
}

function without(proposals: AliasProposal[], term: string, synonyms: string[]): AliasProposal[] {
  return proposals.filter((other) => other.term !== term || other.synonyms.join() !== synonyms.join());
}
