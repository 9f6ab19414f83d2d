// The mock's aliases, and what its two pages would suggest.

import { newId } from "./state.mjs";

const alias = (term, synonyms) => ({
  id: newId("alias"),
  term,
  synonyms,
  created_at: new Date().toISOString(),
  updated_at: new Date().toISOString(),
});

export const aliases = [alias("SRE", ["site reliability engineering"]), alias("k8s", ["Kubernetes"])];

export function addAlias({ term, synonyms }) {
  const known = aliases.find((other) => other.term.toLowerCase() === term.toLowerCase());
  if (known) return Object.assign(known, { synonyms: [...new Set([...known.synonyms, ...synonyms])] });
  const added = alias(term, synonyms);
  aliases.push(added);
  return added;
}

const proposal = (term, synonym, score, open, ...evidence) => ({
  term,
  synonyms: [synonym],
  score,
  evidence: evidence.map(([kind, title, text, count]) => ({
    document_id: newId("doc"),
    title,
    kind,
    text,
    count,
  })),
  documents: evidence.length,
  open,
  covered: aliases.some((other) => other.term === term),
});

export const discovery = () => ({
  proposals: [
    proposal(
      "RPO",
      "recovery point objective",
      0.94,
      true,
      ["acronym", "Operating a local fleet", "the recovery point objective (RPO) of the fleet is zero", 3],
      ["link", "Getting started", "[RPO](operations.md#recovery-point-objective)", 1],
    ),
    proposal("Falcon", "billing service", 0.71, false, [
      "also_known_as",
      "Reorganisation 2027",
      "the billing service, also known as Falcon, moves to the second team",
      1,
    ]),
    proposal("SRE", "site reliability engineering", 0.9, true, ["acronym", "Getting started", "…", 1]),
  ],
  documents_read: 2,
  stopped: null,
});
