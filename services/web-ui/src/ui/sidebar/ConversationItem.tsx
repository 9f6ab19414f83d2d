import { useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from "react";
import type { Conversation } from "../../api/types";
import { PenIcon, TrashIcon } from "../icons";
import { conversationPath, navigate } from "../router";
import { useServices } from "../services";
import { titleOf } from "./groups";

interface ConversationItemProps {
  conversation: Conversation;
  current: boolean;
  busy: boolean;
  onNavigate: () => void;
  onDelete: () => void;
}

export function ConversationItem(props: ConversationItemProps): ReactElement {
  const { conversation, current, busy, onNavigate, onDelete } = props;
  const [renaming, setRenaming] = useState(false);
  const title = titleOf(conversation);
  const path = conversationPath(conversation.id);
  if (renaming) {
    return (
      <li>
        <RenameField conversation={conversation} onDone={() => setRenaming(false)} />
      </li>
    );
  }
  return (
    <li className="conversation" data-current={current}>
      <a
        href={path}
        className="conversation-link"
        data-testid="conversation-item"
        data-conversation-id={conversation.id}
        aria-current={current ? "page" : undefined}
        title={title}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey) return;
          event.preventDefault();
          navigate(path);
          onNavigate();
        }}
      >
        <span className="conversation-title">{title}</span>
        {busy && <span className="busy-dot" role="img" aria-label="An answer is being written" />}
      </a>
      <span className="conversation-actions">
        <button
          type="button"
          className="icon-button small"
          aria-label={`Rename ${title}`}
          title="Rename"
          onClick={() => setRenaming(true)}
        >
          <PenIcon />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label={`Delete ${title}`}
          title="Delete"
          onClick={onDelete}
        >
          <TrashIcon />
        </button>
      </span>
    </li>
  );
}

function RenameField({
  conversation,
  onDone,
}: {
  conversation: Conversation;
  onDone: () => void;
}): ReactElement {
  const { conversations } = useServices();
  const input = useRef<HTMLInputElement>(null);
  const cancelled = useRef(false);
  useEffect(() => {
    input.current?.select();
  }, []);

  const finish = (): void => {
    const title = input.current?.value.trim() ?? "";
    if (!cancelled.current && title !== "" && title !== conversation.title) {
      void conversations.rename(conversation.id, title);
    }
    onDone();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") cancelled.current = true;
    if (event.key === "Enter" || event.key === "Escape") input.current?.blur();
  };
  return (
    <input
      ref={input}
      className="rename"
      aria-label="Title of the conversation"
      defaultValue={conversation.title}
      maxLength={200}
      onKeyDown={onKeyDown}
      onBlur={finish}
    />
  );
}
