export type LineKind = "text" | "heading" | "list" | "quote" | "code" | "rule" | "table";

export interface Line {
  kind: LineKind;
  text: string;
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
  let code = inCode;
  return text.split("\n").map((line) => {
    if (FENCE.test(line)) {
      code = !code;
      return { kind: "code", text: line };
    }
    return { kind: code ? "code" : kindOf(line), text: line };
  });
}

function kindOf(line: string): LineKind {
  return KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? "text";
}

/** Whether what follows `text` stands inside a fenced block. */
export function endsInCode(text: string): boolean {
  return text.split("\n").filter((line) => FENCE.test(line)).length % 2 === 1;
}
