import type { PhrasingContent, Root, RootContent, Text } from "mdast";
import { MARKERS } from "./citations";

type Parent = Extract<Root | RootContent, { children: unknown[] }>;

/**
 * A remark plugin that turns `[1]` in running text (not in code, not in a link's text) into a `cite` element with
 * the attributes `data-marker` (the number) and `data-at` (its UTF-16 index in the Markdown source).
 *
 * Markers stay on the line of the word before them and of the punctuation after them: a `span.keep` holds them.
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

const ONE = String.raw`\[\d{1,3}(?:\s*,\s*\d{1,3})*\]`;
const RUN = new RegExp(String.raw`(\S{0,40}? ?)(${ONE}(?: ?${ONE})*)([.,;:!?)]*)`, "g");

function splitText(node: Text): PhrasingContent[] {
  const pieces: PhrasingContent[] = [];
  const start = node.position?.start.offset ?? 0;
  let done = 0;
  for (const run of node.value.matchAll(RUN)) {
    const [whole, word = "", markers = "", punctuation = ""] = run;
    pieces.push(
      ...text(node.value.slice(done, run.index)),
      keep([...text(word), ...cites(markers, start + run.index + word.length), ...text(punctuation)]),
    );
    done = run.index + whole.length;
  }
  return [...pieces, ...text(node.value.slice(done))];
}

function cites(markers: string, at: number): PhrasingContent[] {
  return [...markers.matchAll(MARKERS)].flatMap((match) =>
    (match[1] ?? "").split(/\s*,\s*/).map((marker) => cite(marker, at + match.index)),
  );
}

function text(value: string): PhrasingContent[] {
  return value === "" ? [] : [{ type: "text", value }];
}

function keep(children: PhrasingContent[]): PhrasingContent {
  return { type: "emphasis", data: { hName: "span", hProperties: { className: ["keep"] } }, children };
}

function cite(marker: string, at: number): PhrasingContent {
  const data = { hName: "cite", hProperties: { dataMarker: marker, dataAt: String(at) } };
  return { type: "emphasis", data, children: [{ type: "text", value: marker }] };
}
