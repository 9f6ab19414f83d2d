import { lazy, Suspense, useEffect, useRef, useState, type ReactElement } from "react";
import { mayManage } from "./session";
import { Brand, MenuIcon, PlusIcon } from "./icons";
import { navigate, routeOf, usePath } from "./router";
import { useServices } from "./services";
import { Sidebar } from "./sidebar/Sidebar";

const AliasesPage = lazy(() => import("./admin/AliasesPage"));
const ChatPage = lazy(() => import("./chat/ChatPage"));
const DocumentationPage = lazy(() => import("./admin/DocumentationPage"));
const StatusPage = lazy(() => import("./admin/StatusPage"));

/** The signed-in page: conversations on the left (a drawer on a phone), the chosen page beside them. */
export function Shell(): ReactElement {
  const { chat } = useServices();
  const path = usePath();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const menuButton = useRef<HTMLButtonElement>(null);
  const drawerOpen = openAt === path; // going elsewhere closes the drawer

  const begin = (): void => {
    chat.newConversation();
    navigate("/");
    setOpenAt(null);
  };
  const close = (): void => {
    setOpenAt(null);
    menuButton.current?.focus();
  };
  useEffect(() => {
    if (!drawerOpen) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") close();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [drawerOpen]);

  return (
    <div className="shell" data-drawer={drawerOpen ? "open" : "closed"}>
      <a className="skip-link" href="#main">
        Skip to the conversation
      </a>
      <Sidebar onBegin={begin} onNavigate={() => setOpenAt(null)} />
      <button type="button" className="scrim" aria-label="Close the menu" tabIndex={-1} onClick={close} />
      <main className="main" id="main" tabIndex={-1}>
        <div className="topbar">
          <button
            ref={menuButton}
            type="button"
            className="icon-button"
            aria-label="Conversations"
            aria-expanded={drawerOpen}
            onClick={() => setOpenAt(path)}
          >
            <MenuIcon />
          </button>
          <Brand />
          <button type="button" className="icon-button" aria-label="New conversation" onClick={begin}>
            <PlusIcon />
          </button>
        </div>
        <Suspense fallback={<div className="page-loading" aria-busy="true" />}>
          <Page path={path} />
        </Suspense>
      </main>
    </div>
  );
}

function Page({ path }: { path: string }): ReactElement {
  const { me } = useServices();
  const route = routeOf(path);
  if (route.page === "status") return <StatusPage />;
  if (route.page === "documentation" && mayManage(me)) return <DocumentationPage />;
  if (route.page === "aliases" && mayManage(me)) return <AliasesPage />;
  return <ChatPage conversationId={route.page === "chat" ? route.conversationId : null} />;
}
