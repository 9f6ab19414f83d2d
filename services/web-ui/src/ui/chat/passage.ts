import { createContext, useContext } from "react";
import type { Source } from "../../api/types";

interface Passage {
  shown: Source | null;
  show: (source: Source) => void;
}

/** The passage beside the conversation. */
export const PassageContext = createContext<Passage>({ shown: null, show: () => undefined });

export function usePassage(): Passage {
  return useContext(PassageContext);
}
