import type { MouseEvent, ReactElement, ReactNode } from "react";
import { navigate, usePath } from "./router";

interface LinkProps {
  to: string;
  className: string;
  children: ReactNode;
}

/** A link within the page: no reload, yet open-in-a-new-tab works as everywhere. */
export function Link({ to, className, children }: LinkProps): ReactElement {
  const current = usePath() === to;
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} className={className} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}
