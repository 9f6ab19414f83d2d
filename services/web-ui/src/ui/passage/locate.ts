import type { Source } from "../../api/types";
import { cutAt, type Cut } from "../../chat/codepoints";

/**
 * Where a source's passage stands in the document's present text: at its offsets, or, if the document has changed
 * since, where its text is found. Null when it is no longer there.
 */
export function locate(text: string, source: Source): Cut | null {
  const cut = cutAt(text, source.start, source.end);
  if (source.text === "" || sameText(cut.passage, source.text)) return cut.passage === "" ? null : cut;
  const at = text.indexOf(source.text);
  if (at < 0) return null;
  const end = at + source.text.length;
  return { before: text.slice(0, at), passage: source.text, after: text.slice(end) };
}

/** An excerpt may have been trimmed or its white space tidied. */
function sameText(passage: string, excerpt: string): boolean {
  const [tidyPassage, tidyExcerpt] = [passage, excerpt].map((text) => text.replace(/\s+/g, " ").trim());
  return tidyPassage !== undefined && tidyExcerpt !== undefined && tidyPassage.includes(tidyExcerpt);
}
