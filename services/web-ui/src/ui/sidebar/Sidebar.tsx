import { useEffect, useState, type ReactElement } from "react";
import { Bolt, BookIcon, PlusIcon, PulseIcon, SearchIcon, SignOutIcon } from "../icons";
import { Link } from "../Link";
import { ProblemBanner } from "../ProblemBanner";
import { navigate } from "../router";
import { useObservable, useServices } from "../services";
import { mayManage } from "../session";
import { ThemeToggle } from "../ThemeToggle";
import { ConversationList } from "./ConversationList";

const TYPING_PAUSE_MS = 200;

export function Sidebar({ onNavigate }: { onNavigate: () => void }): ReactElement {
  const { chat, conversations } = useServices();
  const { problem } = useObservable(conversations);
  const begin = (): void => {
    chat.newConversation();
    navigate("/");
    onNavigate();
  };
  return (
    <nav className="sidebar" aria-label="Conversations">
      <div className="sidebar-head">
        <span className="brand">
          <Bolt />
          AskFlash
        </span>
        <ThemeToggle />
      </div>
      <button type="button" className="new-conversation" data-testid="new-conversation" onClick={begin}>
        <PlusIcon />
        New conversation
      </button>
      <SearchField />
      {problem !== null && (
        <ProblemBanner problem={problem} onDismiss={() => conversations.dismissProblem()} />
      )}
      <ConversationList onNavigate={onNavigate} />
      <SidebarFoot />
    </nav>
  );
}

function SearchField(): ReactElement {
  const { conversations } = useServices();
  const [text, setText] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => void conversations.search(text.trim()), text === "" ? 0 : TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [conversations, text]);
  return (
    <label className="search">
      <SearchIcon />
      <input
        type="search"
        placeholder="Search conversations"
        aria-label="Search conversations"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </label>
  );
}

function SidebarFoot(): ReactElement {
  const { session, me } = useServices();
  return (
    <div className="sidebar-foot">
      {mayManage(me) && (
        <Link to="/documentation" className="foot-link">
          <BookIcon />
          Documentation
        </Link>
      )}
      <Link to="/status" className="foot-link">
        <PulseIcon />
        Status
      </Link>
      <div className="account">
        <span className="avatar" aria-hidden="true">
          {(me.name || me.email).slice(0, 1).toUpperCase()}
        </span>
        <span className="account-name" title={me.email}>
          {me.name || me.email}
        </span>
        <button
          type="button"
          className="icon-button"
          aria-label="Sign out"
          title="Sign out"
          onClick={() => void session.signOut()}
        >
          <SignOutIcon />
        </button>
      </div>
    </div>
  );
}
