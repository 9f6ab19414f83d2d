import { createContext, useContext, useSyncExternalStore } from "react";
import type { Api } from "../api/endpoints";
import type { Me } from "../api/types";
import type { Conversations } from "../chat/conversations";
import type { Observable } from "../chat/observable";
import type { Scope } from "../chat/scope";
import type { ChatStore } from "../chat/store";
import type { Session } from "./session";

/** What the components of a signed-in page work with. */
export interface Services {
  api: Api;
  session: Session;
  me: Me;
  chat: ChatStore;
  conversations: Conversations;
  scope: Scope;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error("useServices() outside of a signed-in page");
  return services;
}

export function useObservable<State>(observable: Observable<State>): State {
  return useSyncExternalStore(observable.subscribe, observable.snapshot);
}
