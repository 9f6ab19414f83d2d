import { useCallback, useEffect, useRef, useState, type ReactElement, type RefObject } from "react";
import type { Mode } from "../../api/types";
import { useObservable, useServices } from "../services";

const MODES: { mode: Mode; name: string; hint: string }[] = [
  { mode: "company", name: "Documentation", hint: "Answers come from your documentation, with citations" },
  { mode: "general", name: "Model alone", hint: "The language model answers by itself and cites nothing" },
];

/** Where the next question looks. */
export function ScopeControls(): ReactElement {
  const { scope } = useServices();
  const { mode } = useObservable(scope);
  return (
    <div className="scope">
      <fieldset className="modes" data-testid="mode-switch" data-mode={mode}>
        <legend className="visually-hidden">Where answers come from</legend>
        {MODES.map((one) => (
          <label key={one.mode} className="mode" title={one.hint}>
            <input
              type="radio"
              name="mode"
              value={one.mode}
              checked={mode === one.mode}
              onChange={() => scope.choose(one.mode)}
            />
            {one.name}
          </label>
        ))}
      </fieldset>
      {mode === "company" && <SourceFilter />}
    </div>
  );
}

/** Shown where there is more than one source to choose from. */
function SourceFilter(): ReactElement | null {
  const { scope } = useServices();
  const { sources, sourceIds } = useObservable(scope);
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = useCallback(() => setOpen(false), []);
  useEffect(() => {
    void scope.load();
  }, [scope]);
  useLeaving(open, whole, button, close);
  if (sources.length < 2) return null;
  return (
    <div className="source-filter" data-testid="source-filter" ref={whole}>
      <button
        type="button"
        className="source-filter-button"
        ref={button}
        aria-expanded={open}
        data-chosen={sourceIds.length > 0}
        onClick={() => setOpen(!open)}
      >
        {summaryOf(sources, sourceIds)}
      </button>
      {open && <Choices />}
    </div>
  );
}

function Choices(): ReactElement {
  const { scope } = useServices();
  const { sources, sourceIds } = useObservable(scope);
  return (
    <fieldset className="source-choices">
      <legend className="visually-hidden">Look only in</legend>
      {sources.map(({ id, name }) => (
        <label key={id} className="source-choice">
          <input type="checkbox" checked={sourceIds.includes(id)} onChange={() => scope.toggleSource(id)} />
          {name}
        </label>
      ))}
      <button
        type="button"
        className="link"
        disabled={sourceIds.length === 0}
        onClick={() => scope.everywhere()}
      >
        All sources
      </button>
    </fieldset>
  );
}

/** Closes on Escape, which gives the focus back, and on a press elsewhere. */
function useLeaving(
  open: boolean,
  whole: RefObject<HTMLElement | null>,
  button: RefObject<HTMLElement | null>,
  close: () => void,
): void {
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      close();
      button.current?.focus();
    };
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && whole.current?.contains(event.target) !== true) close();
    };
    addEventListener("keydown", onKey);
    addEventListener("pointerdown", onPress);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("pointerdown", onPress);
    };
  }, [open, whole, button, close]);
}

function summaryOf(sources: { id: string; name: string }[], chosen: string[]): string {
  if (chosen.length === 0) return "All sources";
  if (chosen.length > 1) return `${chosen.length} sources`;
  return sources.find(({ id }) => id === chosen[0])?.name ?? "1 source";
}
