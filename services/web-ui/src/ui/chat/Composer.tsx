import { AuiIf, ComposerPrimitive } from "@assistant-ui/react";
import { useEffect, useRef, type ReactElement } from "react";
import { SendIcon, StopIcon } from "../icons";
import { useObservable, useServices } from "../services";

const LONGEST_QUESTION = 8000; // as the API has it

/** Takes the focus when a conversation is shown, except where that would open a keyboard over it. */
export function Composer(): ReactElement {
  const input = useRef<HTMLTextAreaElement>(null);
  const { mode } = useObservable(useServices().scope);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) input.current?.focus({ preventScroll: true });
  }, []);
  return (
    <ComposerPrimitive.Root className="composer">
      <ComposerPrimitive.Input
        ref={input}
        className="composer-input"
        data-testid="question-input"
        aria-label="Your question"
        placeholder={mode === "company" ? "Ask your documentation…" : "Ask the language model…"}
        rows={1}
        maxRows={8}
        maxLength={LONGEST_QUESTION}
        cancelOnEscape={false}
        addAttachmentOnPaste={false}
      />
      <AuiIf condition={(state) => !state.thread.isRunning}>
        <ComposerPrimitive.Send className="send" data-testid="send-button" aria-label="Ask" title="Ask">
          <SendIcon />
        </ComposerPrimitive.Send>
      </AuiIf>
      <AuiIf condition={(state) => state.thread.isRunning}>
        <ComposerPrimitive.Cancel
          className="send stop"
          data-testid="cancel-button"
          aria-label="Stop the answer"
          title="Stop"
        >
          <StopIcon />
        </ComposerPrimitive.Cancel>
      </AuiIf>
    </ComposerPrimitive.Root>
  );
}
