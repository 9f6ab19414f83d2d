import type { PhrasingContent, Root, RootContent, Text } from "mdast";
import { MARKERS } from "./citations";

/** Keeps a marker on the line of the word before it. */
const NO_BREAK_SPACE = "\u00a0";

type Parent = Extract<Root | RootContent, { children: unknown[] }>;

/**
 * A remark plugin that turns `[1]` in running text (not in code, not in a link's text) into a `cite` element with
 * the attributes `data-marker` (the number) and `data-at` (its UTF-16 index in the Markdown source).
 */
export function remarkCitations(): (tree: Root) => void {
  return (tree) => replaceIn(tree);
}

function replaceIn(parent: Parent): void {
  const children = parent.children as PhrasingContent[]; // every kind of child may stand where it stood
  parent.children = children.flatMap((child): PhrasingContent[] => {
    if (child.type === "text") return splitText(child);
    if ("children" in child && child.type !== "link") replaceIn(child);
    return [child];
  });
}

function splitText(node: Text): PhrasingContent[] {
  const pieces: PhrasingContent[] = [];
  const start = node.position?.start.offset ?? 0;
  let done = 0;
  for (const match of node.value.matchAll(MARKERS)) {
    const before = node.value.slice(done, match.index).replace(/ $/, NO_BREAK_SPACE);
    if (before !== "") pieces.push({ type: "text", value: before });
    for (const marker of (match[1] ?? "").split(/\s*,\s*/)) pieces.push(cite(marker, start + match.index));
    done = match.index + match[0].length;
  }
  if (done === 0) return [node];
  if (done < node.value.length) pieces.push({ type: "text", value: node.value.slice(done) });
  return pieces;
}

function cite(marker: string, at: number): PhrasingContent {
  const data = { hName: "cite", hProperties: { dataMarker: marker, dataAt: String(at) } };
  return { type: "emphasis", data, children: [{ type: "text", value: marker }] };
}
