import type { InlineCode, PhrasingContent, Root, RootContent, Text } from "mdast";
import type { Span } from "./citations";

type Parent = Extract<Root | RootContent, { children: unknown[] }>;

export const DOUBT = "The cited passage does not clearly support this sentence";
export const UNCITED = "No source is cited for this sentence";

/** A span and what is to be said of it; `heard` is read out before it, where no marker in it says so. */
export interface Doubt extends Span {
  why: string;
  heard?: string;
}

export function doubtsOf(doubtful: Span[], uncited: Span[]): Doubt[] {
  const bare = uncited.map((span) => ({ ...span, why: UNCITED, heard: "Without a source: " }));
  return [...doubtful.map((span) => ({ ...span, why: DOUBT })), ...bare];
}

/**
 * A remark plugin that puts the running text of these spans (UTF-16 indices in the Markdown source) into elements
 * `span.doubtful`. The pieces keep their positions, by which citations are found afterwards.
 */
export function remarkDoubts(doubts: Doubt[]): (tree: Root) => void {
  return (tree) => markIn(tree, doubts, new Set());
}

function markIn(parent: Parent, doubts: Doubt[], begun: Set<Doubt>): void {
  const children = parent.children as PhrasingContent[]; // every kind of child may stand where it stood
  parent.children = children.flatMap((child): PhrasingContent[] => {
    if (child.type === "text") return pieces(child, doubts, begun);
    if (child.type === "inlineCode") return marked(child, doubtAt(child, doubts), begun);
    if ("children" in child) markIn(child, doubts, begun);
    return [child];
  });
}

/** The text cut at the borders of the spans. */
function pieces(node: Text, spans: Doubt[], begun: Set<Doubt>): PhrasingContent[] {
  const from = node.position?.start.offset ?? 0;
  const to = from + node.value.length;
  const inside = spans
    .flatMap(({ start, end }) => [start, end])
    .filter((border) => border > from && border < to);
  const borders = [from, ...inside.sort((one, other) => one - other), to];
  return borders.slice(1).flatMap((end, index) => {
    const start = borders[index] ?? from;
    if (start === end) return [];
    const piece = cut(node, start - from, end - from);
    return marked(
      piece,
      spans.find((span) => span.start <= start && end <= span.end),
      begun,
    );
  });
}

function cut(node: Text, from: number, to: number): Text {
  if (node.position === undefined) return { type: "text", value: node.value.slice(from, to) };
  const { start, end } = node.position;
  const offset = (start.offset ?? 0) + from;
  return {
    type: "text",
    value: node.value.slice(from, to),
    position: { start: { ...start, offset }, end: { ...end, offset: offset + to - from } },
  };
}

function doubtAt(node: InlineCode, doubts: Doubt[]): Doubt | undefined {
  const at = node.position?.start.offset ?? 0;
  return doubts.find((doubt) => doubt.start <= at && at < doubt.end);
}

function marked(child: Text | InlineCode, doubt: Doubt | undefined, begun: Set<Doubt>): PhrasingContent[] {
  if (doubt === undefined) return [child];
  const piece = element("doubtful", child, doubt.why);
  if (doubt.heard === undefined || begun.has(doubt)) return [piece];
  begun.add(doubt);
  return [element("visually-hidden", { type: "text", value: doubt.heard }), piece];
}

function element(className: string, child: Text | InlineCode, title?: string): PhrasingContent {
  const data = { hName: "span", hProperties: { className: [className], title } };
  return { type: "emphasis", data, children: [child] };
}
