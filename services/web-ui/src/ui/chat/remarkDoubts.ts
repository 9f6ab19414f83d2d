import type { InlineCode, PhrasingContent, Root, RootContent, Text } from "mdast";
import type { Span } from "./citations";

type Parent = Extract<Root | RootContent, { children: unknown[] }>;

export const DOUBT = "The cited passage does not clearly support this sentence";

/**
 * A remark plugin that puts the running text of these spans (UTF-16 indices in the Markdown source) into elements
 * `span.doubtful`. The pieces keep their positions, by which citations are found afterwards.
 */
export function remarkDoubts(spans: Span[]): (tree: Root) => void {
  return (tree) => markIn(tree, spans);
}

function markIn(parent: Parent, spans: Span[]): void {
  const children = parent.children as PhrasingContent[]; // every kind of child may stand where it stood
  parent.children = children.flatMap((child): PhrasingContent[] => {
    if (child.type === "text") return pieces(child, spans);
    if (child.type === "inlineCode") return [isDoubtful(child, spans) ? doubtful(child) : child];
    if ("children" in child) markIn(child, spans);
    return [child];
  });
}

/** The text cut at the borders of the spans. */
function pieces(node: Text, spans: Span[]): PhrasingContent[] {
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
    return [spans.some((span) => span.start <= start && end <= span.end) ? doubtful(piece) : piece];
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

function isDoubtful(node: InlineCode, spans: Span[]): boolean {
  const at = node.position?.start.offset ?? 0;
  return spans.some((span) => span.start <= at && at < span.end);
}

function doubtful(child: Text | InlineCode): PhrasingContent {
  const data = { hName: "span", hProperties: { className: ["doubtful"], title: DOUBT } };
  return { type: "emphasis", data, children: [child] };
}
