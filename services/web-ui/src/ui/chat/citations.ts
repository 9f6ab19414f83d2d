import type { Citation, Source } from "../../api/types";
import { codePointOffset } from "../../chat/codepoints";

/** The source behind a marker; undefined when the answer names one that it does not have. */
export function sourceOf(marker: string, sources: Source[]): Source | undefined {
  return sources.find((source) => String(source.marker) === marker);
}

/**
 * The citation that a marker at UTF-16 index `at` of `content` belongs to: of those with its number, the one whose
 * sentence is nearest.
 */
export function citationAt(
  content: string,
  citations: Citation[],
  marker: string,
  at: number,
): Citation | undefined {
  const offset = codePointOffset(content, at);
  const distance = (citation: Citation): number =>
    Math.max(0, citation.start - offset, offset - citation.end);
  return citations
    .filter((citation) => String(citation.marker) === marker)
    .toSorted((one, other) => distance(one) - distance(other))[0];
}

/** Sources that the text refers to, then the others, each in the order of their numbers. */
export function bySignificance(content: string, sources: Source[]): { cited: Source[]; others: Source[] } {
  const markers = new Set(
    [...content.matchAll(MARKERS)].flatMap((match) => (match[1] ?? "").split(/\s*,\s*/)),
  );
  const isCited = (source: Source): boolean => markers.has(String(source.marker));
  return { cited: sources.filter(isCited), others: sources.filter((source) => !isCited(source)) };
}

/** `[1]` and `[1, 2]`; the first group holds the numbers. */
export const MARKERS = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;
