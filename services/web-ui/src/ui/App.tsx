import { useEffect, useState, type ReactElement } from "react";
import type { Api } from "../api/endpoints";
import type { Me } from "../api/types";
import { Conversations } from "../chat/conversations";
import { Scope } from "../chat/scope";
import { ChatStore } from "../chat/store";
import { Bolt } from "./icons";
import { ProblemBanner } from "./ProblemBanner";
import { ServicesContext, useObservable, type Services } from "./services";
import type { Session } from "./session";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";

export function App({ api, session }: { api: Api; session: Session }): ReactElement {
  const { phase, me, problem } = useObservable(session);
  useEffect(() => {
    void session.check();
  }, [session]);
  if (phase === "signed-out") return <SignIn session={session} />;
  if (phase === "signed-in" && me !== null) {
    return <SignedIn key={me.id} api={api} session={session} me={me} />;
  }
  return (
    <main className="splash" aria-busy={phase === "checking"}>
      <Bolt size={30} />
      {problem !== null && (
        <ProblemBanner problem={problem}>
          <button type="button" className="button" onClick={() => void session.check()}>
            Try again
          </button>
        </ProblemBanner>
      )}
    </main>
  );
}

/** One user's stores; they are made anew when another user signs in. */
function SignedIn({ api, session, me }: { api: Api; session: Session; me: Me }): ReactElement {
  const [services] = useState<Services>(() => {
    const conversations = new Conversations(api);
    const scope = new Scope(api);
    return { api, session, me, conversations, scope, chat: chatStore(api, session, conversations, scope) };
  });
  useEffect(() => {
    const { chat } = services;
    const hurry = (): void => {
      if (document.visibilityState === "visible") chat.hurry();
    };
    chat.start();
    addEventListener("online", hurry);
    document.addEventListener("visibilitychange", hurry);
    return () => {
      chat.stop();
      removeEventListener("online", hurry);
      document.removeEventListener("visibilitychange", hurry);
    };
  }, [services]);
  return (
    <ServicesContext value={services}>
      <Shell />
    </ServicesContext>
  );
}

const FRAME_MS = 16;

function chatStore(api: Api, session: Session, conversations: Conversations, scope: Scope): ChatStore {
  const url = new URL("/ws/v1/chat", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return new ChatStore({
    api,
    connect: (protocol) => new WebSocket(url, protocol),
    ensureSession: (over) => (over ? api.http.renewSession() : stillSignedIn(api)),
    random: Math.random,
    newId: newClientId,
    now: () => new Date(),
    scope: () => scope.forQuestion,
    soon: (work) => void setTimeout(work, FRAME_MS),
    onSignedOut: () => session.expire(),
    onConversationChanged: () => void conversations.refresh(),
  });
}

async function stillSignedIn(api: Api): Promise<boolean> {
  await api.me();
  return true;
}

/** `randomUUID` exists in secure contexts only; a page served over plain http from another host has none. */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
