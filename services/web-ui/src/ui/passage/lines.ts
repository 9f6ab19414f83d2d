export type LineKind = "text" | "heading" | "list" | "quote" | "code" | "rule" | "table";

export interface Line {
  kind: LineKind;
  text: string;
  /** Its end is where an editor wrapped a paragraph: the next line goes on. */
  flows: boolean;
}

const FENCE = /^\s*(```|~~~)/;
const KINDS: [RegExp, LineKind][] = [
  [/^#{1,6}\s/, "heading"],
  [/^\s*([-*+]|\d+[.)])\s/, "list"],
  [/^\s*>/, "quote"],
  [/^\s*([-*_]\s*){3,}$/, "rule"],
  [/^\s*\|.*\|\s*$/, "table"],
];

/**
 * The lines of a Markdown source with what each is, so that it can be typeset without changing a character: joined
 * by newlines the texts are the input. `inCode` says whether the text begins inside a fenced block.
 */
export function linesOf(text: string, inCode = false): Line[] {
  const lines = text.split("\n");
  const kinds = kindsOf(lines, inCode);
  return lines.map((line, index) => {
    const kind = kinds[index] ?? "text";
    return {
      kind,
      text: line,
      flows: isWrapped(kind, line) && isContinuation(kinds[index + 1], lines[index + 1]),
    };
  });
}

function kindsOf(lines: string[], inCode: boolean): LineKind[] {
  let code = inCode;
  return lines.map((line) => {
    if (FENCE.test(line)) {
      code = !code;
      return "code";
    }
    return code ? "code" : kindOf(line);
  });
}

/** Shorter lines end where their author ended them. */
const WRAPPED_FROM = 60;

function isWrapped(kind: LineKind, line: string): boolean {
  return line.length >= WRAPPED_FROM && (kind === "text" || kind === "list");
}

function isContinuation(kind: LineKind | undefined, line: string | undefined): boolean {
  return kind === "text" && line?.trim() !== "";
}

function kindOf(line: string): LineKind {
  return KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? "text";
}

/** Whether what follows `text` stands inside a fenced block. */
export function endsInCode(text: string): boolean {
  return text.split("\n").filter((line) => FENCE.test(line)).length % 2 === 1;
}
