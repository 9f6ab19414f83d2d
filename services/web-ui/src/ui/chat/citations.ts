import type { Citation, Source } from "../../api/types";
import { codePointOffset, utf16Index } from "../../chat/codepoints";

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

/** A part of a text, in UTF-16 indices. */
export interface Span {
  start: number;
  end: number;
}

/** The sentences that none of their citations supports. */
export function doubtfulSpans(content: string, citations: Citation[]): Span[] {
  const sentences = new Map<string, Citation>();
  for (const citation of citations) {
    const key = `${citation.start}-${citation.end}`;
    const before = sentences.get(key)?.supported ?? false;
    sentences.set(key, { ...citation, supported: before || citation.supported });
  }
  return spansIn(
    content,
    [...sentences.values()].filter((sentence) => !sentence.supported),
  );
}

/** Spans of code points as they lie in the text that the page has. */
export function spansIn(content: string, spans: Span[]): Span[] {
  return spans.map(({ start, end }) => ({
    start: utf16Index(content, start),
    end: utf16Index(content, end),
  }));
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
