import { AssistantRuntimeProvider, useExternalStoreRuntime, type AppendMessage } from "@assistant-ui/react";
import { useCallback, useEffect, useMemo, useState, type ReactElement } from "react";
import type { Source } from "../../api/types";
import { isBusy, type Thread } from "../../chat/thread";
import { PassagePanel } from "../passage/PassagePanel";
import { conversationPath, navigate } from "../router";
import { useObservable, useServices } from "../services";
import { ItemList, toMessage } from "./items";
import { PassageContext } from "./passage";
import { ThreadView } from "./ThreadView";

/** The conversation that the address names, or a new one. */
export default function ChatPage({ conversationId }: { conversationId: string | null }): ReactElement {
  const { chat } = useServices();
  const state = useObservable(chat);
  const thread = chat.activeThread;

  useEffect(() => {
    const shown = chat.activeThread.conversationId;
    if (conversationId === null) {
      if (shown !== null) chat.newConversation();
    } else if (conversationId !== shown) void chat.open(conversationId);
  }, [chat, conversationId]);

  useEffect(() => {
    const accepted = chat.activeThread.conversationId;
    if (accepted !== null && location.pathname === "/") navigate(conversationPath(accepted), true);
  }, [chat, thread.conversationId]);

  return <Conversation key={thread.key} thread={thread} busy={isBusy(thread, state.answers)} />;
}

function Conversation({ thread, busy }: { thread: Thread; busy: boolean }): ReactElement {
  const { chat } = useServices();
  const { answers } = useObservable(chat);
  const [list] = useState(() => new ItemList());
  const [passage, setPassage] = useState<Source | null>(null);
  const items = useMemo(() => list.of(thread, answers), [list, thread, answers]);
  const close = useCallback(() => setPassage(null), []);

  const runtime = useExternalStoreRuntime({
    messages: items,
    convertMessage: toMessage,
    isRunning: busy,
    isLoading: thread.loading,
    onNew: (message) => {
      chat.ask(textOf(message));
      return Promise.resolve();
    },
    onCancel: () => {
      chat.cancel();
      return Promise.resolve();
    },
  });

  return (
    <AssistantRuntimeProvider runtime={runtime}>
      <PassageContext value={{ shown: passage, show: setPassage }}>
        <div className="workspace" data-panel={passage === null ? "closed" : "open"}>
          <ThreadView thread={thread} />
          {passage !== null && <PassagePanel key={passage.chunk_id} source={passage} onClose={close} />}
        </div>
      </PassageContext>
    </AssistantRuntimeProvider>
  );
}

function textOf(message: AppendMessage): string {
  return message.content.map((part) => (part.type === "text" ? part.text : "")).join("");
}
