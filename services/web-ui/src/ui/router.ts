import { useSyncExternalStore } from "react";

export type Route =
  | { page: "chat"; conversationId: string | null }
  | { page: "documentation" }
  | { page: "aliases" }
  | { page: "status" };

const CHANGED = "askflash:navigated";

export function routeOf(path: string): Route {
  if (path === "/documentation") return { page: "documentation" };
  if (path === "/aliases") return { page: "aliases" };
  if (path === "/status") return { page: "status" };
  const conversation = /^\/c\/([\w-]+)$/.exec(path);
  return { page: "chat", conversationId: conversation?.[1] ?? null };
}

export function conversationPath(id: string): string {
  return `/c/${id}`;
}

export function navigate(path: string, replace = false): void {
  if (path === location.pathname) return;
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  dispatchEvent(new Event(CHANGED));
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(CHANGED, listener);
  };
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}
