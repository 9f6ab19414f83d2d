import { useEffect, useMemo, useRef, type ReactElement, type ReactNode } from "react";
import type { Cut } from "../../chat/codepoints";
import { endsInCode, linesOf, type Line } from "./lines";

/** A document's own text, character by character, with the passage highlighted and scrolled to. */
export function DocumentView({ cut }: { cut: Cut }): ReactElement {
  const mark = useRef<HTMLElement>(null);
  useEffect(() => {
    mark.current?.scrollIntoView({ block: "center" });
  }, [cut]);
  return (
    <div className="document">
      <Typeset text={cut.before} />
      <mark ref={mark} className="passage" data-testid="passage-highlight">
        <Typeset text={cut.passage} inCode={endsInCode(cut.before)} />
      </mark>
      <Typeset text={cut.after} inCode={endsInCode(cut.before + cut.passage)} />
    </div>
  );
}

export function Typeset({ text, inCode = false }: { text: string; inCode?: boolean }): ReactElement[] {
  const lines = useMemo(() => linesOf(text, inCode), [text, inCode]);
  return lines.map((line, index) => (
    <span key={index} className={`line-${line.kind}`}>
      {styled(line)}
      {index < lines.length - 1 && (line.flows ? <span className="flow">{"\n"}</span> : "\n")}
    </span>
  ));
}

const INLINE = /(\*\*[^*\n]+\*\*|`[^`\n]+`)/;
const HEADING_MARK = /^(#{1,6}\s+)(.*)$/s;

function styled({ kind, text }: Line): ReactNode {
  if (kind === "code") return text;
  const [, mark, title] = HEADING_MARK.exec(text) ?? [];
  if (kind !== "heading" || mark === undefined || title === undefined) return inline(text);
  return [<Syntax key="mark" text={mark} />, ...inline(title)];
}

function inline(text: string): ReactNode[] {
  return text.split(INLINE).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const [Tag, sign] = piece.startsWith("`") ? (["code", "`"] as const) : (["strong", "**"] as const);
    return (
      <Tag key={index}>
        <Syntax text={sign} />
        {piece.slice(sign.length, -sign.length)}
        <Syntax text={sign} />
      </Tag>
    );
  });
}

/** Markdown's own signs step back, but stay: the text is the document's, to the character. */
function Syntax({ text }: { text: string }): ReactElement {
  return <span className="syntax">{text}</span>;
}
