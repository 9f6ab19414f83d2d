import { createContext, memo, useContext, type ReactElement } from "react";
import Markdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { newAnswer, type AnswerView } from "../../chat/answer";
import { citationAt, sourceOf } from "./citations";
import { CitationMarker } from "./CitationMarker";
import { remarkCitations } from "./remarkCitations";

const PLUGINS = [remarkGfm, remarkCitations];
const AnswerContext = createContext<AnswerView>(newAnswer(""));

/** The answer's Markdown. Raw HTML stays text, images become their description, links open elsewhere. */
export const AnswerText = memo(function AnswerText({ view }: { view: AnswerView }): ReactElement {
  return (
    <AnswerContext value={view}>
      <div className="prose">
        <Markdown remarkPlugins={PLUGINS} components={COMPONENTS}>
          {view.content}
        </Markdown>
      </div>
    </AnswerContext>
  );
});

/** A constant, because components made anew with every delta would lose their focus and state. */
const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ),
  img: ({ alt }) => (alt === undefined || alt === "" ? null : <em>{alt}</em>),
  table: ({ children }) => (
    <div className="table-scroll">
      <table>{children}</table>
    </div>
  ),
  cite: ({ node }) => (
    <Cite marker={String(node?.properties.dataMarker)} at={Number(node?.properties.dataAt)} />
  ),
};

function Cite({ marker, at }: { marker: string; at: number }): ReactElement {
  const view = useContext(AnswerContext);
  const citation = citationAt(view.content, view.answer?.citations ?? [], marker, at);
  const cited = view.sources.find((source) => source.id === citation?.source_id);
  return (
    <CitationMarker
      marker={marker}
      source={cited ?? sourceOf(marker, view.sources)}
      supported={citation?.supported ?? true}
    />
  );
}
