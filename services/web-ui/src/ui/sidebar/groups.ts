import type { Conversation } from "../../api/types";

export interface Group {
  name: string;
  items: Conversation[];
}

const DAY_MS = 86_400_000;

function groupName(ageInDays: number): string {
  if (ageInDays <= 0) return "Today";
  if (ageInDays === 1) return "Yesterday";
  return ageInDays <= 7 ? "Last seven days" : "Older";
}

/** Conversations by the day of their last change in the reader's time zone, in the order of the list. */
export function groupByDay(items: Conversation[], now: Date): Group[] {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const groups: Group[] = [];
  for (const item of items) {
    const day = new Date(item.updated_at).setHours(0, 0, 0, 0);
    const name = groupName(Math.round((midnight - day) / DAY_MS));
    const last = groups.at(-1);
    if (last?.name === name) last.items.push(item);
    else groups.push({ name, items: [item] });
  }
  return groups;
}

export function titleOf(conversation: Conversation): string {
  return conversation.title === "" ? "New conversation" : conversation.title;
}
