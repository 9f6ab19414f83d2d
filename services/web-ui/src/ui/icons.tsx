import type { ReactElement, ReactNode } from "react";

function Icon({ children, size = 18 }: { children: ReactNode; size?: number }): ReactElement {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

const path = (d: string, size?: number) =>
  function PathIcon(): ReactElement {
    return (
      <Icon {...(size === undefined ? {} : { size })}>
        <path d={d} />
      </Icon>
    );
  };

export function Bolt({ size = 20 }: { size?: number }): ReactElement {
  return (
    <svg className="bolt" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M13.6 2.5 5 14h5.6L9.4 21.5 18.5 10h-6z" fill="currentColor" />
    </svg>
  );
}

export function Brand(): ReactElement {
  return (
    <span className="brand">
      <Bolt />
      AskFlash
    </span>
  );
}

export const PlusIcon = path("M12 5v14M5 12h14");
export const SearchIcon = path("M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-3.9-3.9", 16);
export const SendIcon = path("M12 19V5M6 11l6-6 6 6");
export const CloseIcon = path("M6 6l12 12M18 6 6 18");
export const MenuIcon = path("M4 7h16M4 12h16M4 17h10");
export const CopyIcon = path(
  "M9 9h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1ZM5 15V5a1 1 0 0 1 1-1h10",
  16,
);
export const CheckIcon = path("M5 12.5 10 17.5 19 7", 16);
export const UpIcon = path(
  "M7 11v9H4v-9h3Zm0 0 4.2-7.2c1.5 0 2.4 1.2 2.1 2.6L12.7 10H18a2 2 0 0 1 2 2.4l-1.2 6A2 2 0 0 1 16.8 20H7",
  16,
);
export const DownIcon = path(
  "M17 13V4h3v9h-3Zm0 0-4.2 7.2c-1.5 0-2.4-1.2-2.1-2.6l.6-3.6H6a2 2 0 0 1-2-2.4l1.2-6A2 2 0 0 1 7.2 4H17",
  16,
);
export const AgainIcon = path("M20 5v5h-5M20 10a8 8 0 1 0 .6 5", 16);
export const PenIcon = path("M4 20h4L19 9l-4-4L4 16v4Z", 15);
export const TrashIcon = path("M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9 7V4h6v3", 15);
export const ExternalIcon = path("M14 5h5v5M19 5l-8 8M17 14v5H5V7h5", 15);
export const ArrowDownIcon = path("M12 5v14M6 13l6 6 6-6");
export const ChevronLeftIcon = path("M14 6l-6 6 6 6", 15);
export const ChevronRightIcon = path("M10 6l6 6-6 6", 15);
export const SunIcon = path(
  "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1",
);
export const MoonIcon = path("M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z");
export const SystemIcon = path("M4 5h16v11H4zM9 20h6M12 16v4");
export const BookIcon = path("M5 5a2 2 0 0 1 2-2h12v15H7a2 2 0 0 0-2 2V5ZM5 20a2 2 0 0 0 2 2h12v-4M9 7h6");
export const PulseIcon = path("M3 12h4l2.5-6 4 12 2.5-6h5");
export const SameIcon = path("M4 9h14M14.5 5.5 18 9M20 15H6M9.5 18.5 6 15");
export const SignOutIcon = path("M14 4H6v16h8M11 12h9M17 8.5l3.5 3.5-3.5 3.5");
export const AlertIcon = path("M12 8v5M12 16.5v.1M12 3 2.5 20h19L12 3Z");
export const CompassIcon = path("M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM15.5 8.5l-2 5-5 2 2-5 5-2Z", 20);
export const UploadIcon = path("M12 16V5M7 9.5 12 4.5l5 5M5 19h14");
export const SyncIcon = path(
  "M4 12a8 8 0 0 1 14-5.3L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.3L4 15M4 20v-5h5",
  16,
);
export const StopIcon = path("M7.5 7.5h9v9h-9z");
