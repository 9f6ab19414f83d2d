import { useEffect, useState, type ReactElement } from "react";
import { BookIcon, Brand, PlusIcon, PulseIcon, SameIcon, SearchIcon, SignOutIcon } from "../icons";
import { Link } from "../Link";
import { ProblemBanner } from "../ProblemBanner";
import { useObservable, useServices } from "../services";
import { mayManage } from "../session";
import { ThemeToggle } from "../ThemeToggle";
import { ConversationList } from "./ConversationList";

const TYPING_PAUSE_MS = 200;

interface SidebarProps {
  onBegin: () => void;
  onNavigate: () => void;
}

export function Sidebar({ onBegin, onNavigate }: SidebarProps): ReactElement {
  const { conversations } = useServices();
  const { problem } = useObservable(conversations);
  return (
    <nav className="sidebar" aria-label="Conversations">
      <div className="sidebar-head">
        <Brand />
        <ThemeToggle />
      </div>
      <button type="button" className="new-conversation" data-testid="new-conversation" onClick={onBegin}>
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
        <>
          <Link to="/documentation" className="foot-link">
            <BookIcon />
            Documentation
          </Link>
          <Link to="/aliases" className="foot-link">
            <SameIcon />
            Aliases
          </Link>
        </>
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
