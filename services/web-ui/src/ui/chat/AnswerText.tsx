import { createContext, memo, useContext, useMemo, type ComponentProps, type ReactElement } from "react";
import Markdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { newAnswer, type AnswerView } from "../../chat/answer";
import { citationAt, doubtfulSpans, sourceOf, spansIn } from "./citations";
import { CitationMarker } from "./CitationMarker";
import { remarkCitations } from "./remarkCitations";
import { doubtsOf, remarkDoubts } from "./remarkDoubts";

type Plugins = NonNullable<ComponentProps<typeof Markdown>["remarkPlugins"]>;

const PLUGINS: Plugins = [remarkGfm, remarkCitations];
const AnswerContext = createContext<AnswerView>(newAnswer(""));

/** The answer's Markdown. Raw HTML stays text, images become their description, links open elsewhere. */
export const AnswerText = memo(function AnswerText({ view }: { view: AnswerView }): ReactElement {
  const plugins = useMemo(() => pluginsFor(view), [view]);
  return (
    <AnswerContext value={view}>
      <div className="prose">
        <Markdown remarkPlugins={plugins} components={COMPONENTS}>
          {view.content}
        </Markdown>
      </div>
    </AnswerContext>
  );
});

/** Sentences are marked as doubtful once their citations have been checked. */
function pluginsFor({ content, answer }: AnswerView): Plugins {
  const doubts = doubtsOf(
    doubtfulSpans(content, answer?.citations ?? []),
    spansIn(content, answer?.uncited ?? []),
  );
  return doubts.length === 0 ? PLUGINS : [remarkGfm, [remarkDoubts, doubts], remarkCitations];
}

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
