import { useMemo, useState, type ReactElement } from "react";
import type { Conversation } from "../../api/types";
import { busyConversations } from "../../chat/thread";
import { navigate, routeOf, usePath } from "../router";
import { useObservable, useServices } from "../services";
import { ConfirmDialog } from "./ConfirmDialog";
import { ConversationItem } from "./ConversationItem";
import { groupByDay, titleOf } from "./groups";

export function ConversationList({ onNavigate }: { onNavigate: () => void }): ReactElement {
  const { chat, conversations } = useServices();
  const { items, nextCursor, loaded, query } = useObservable(conversations);
  const chatState = useObservable(chat);
  const [doomed, setDoomed] = useState<Conversation | null>(null);
  const busy = useMemo(
    () => busyConversations(chatState.threads, chatState.answers),
    [chatState.threads, chatState.answers],
  );
  const groups = useMemo(() => groupByDay(items, new Date()), [items]);
  const active = chatState.threads[chatState.active]?.conversationId;
  const current = routeOf(usePath()).page === "chat" ? active : null;

  const remove = async (conversation: Conversation): Promise<void> => {
    setDoomed(null);
    if (!(await conversations.remove(conversation.id))) return;
    if (conversation.id === active) navigate("/", true);
    chat.close(conversation.id);
  };

  return (
    <div className="conversations">
      {groups.map((group) => (
        <section key={group.name} aria-label={group.name}>
          <h2>{group.name}</h2>
          <ul>
            {group.items.map((item) => (
              <ConversationItem
                key={item.id}
                conversation={item}
                current={item.id === current}
                busy={busy.has(item.id)}
                onNavigate={onNavigate}
                onDelete={() => setDoomed(item)}
              />
            ))}
          </ul>
        </section>
      ))}
      {loaded && items.length === 0 && (
        <p className="conversations-empty">
          {query === "" ? "Your conversations will appear here." : "No conversation matches."}
        </p>
      )}
      {nextCursor !== null && (
        <button type="button" className="link more" onClick={() => void conversations.more()}>
          Show more
        </button>
      )}
      {doomed !== null && (
        <ConfirmDialog
          title="Delete this conversation?"
          text={`“${titleOf(doomed)}” and its answers will be gone for good.`}
          action="Delete"
          onCancel={() => setDoomed(null)}
          onConfirm={() => void remove(doomed)}
        />
      )}
    </div>
  );
}
