import type { ReactElement } from "react";
import { MoonIcon, SunIcon, SystemIcon } from "./icons";
import { nextTheme, useTheme } from "./theme";

const ICONS = { system: SystemIcon, light: SunIcon, dark: MoonIcon };
const NAMES = { system: "as the system", light: "light", dark: "dark" };

export function ThemeToggle(): ReactElement {
  const [theme, next] = useTheme();
  const ThemeIcon = ICONS[theme];
  const label = `Appearance: ${NAMES[theme]}. Change to ${NAMES[nextTheme(theme)]}`;
  return (
    <button
      type="button"
      className="icon-button"
      data-testid="theme-toggle"
      data-theme-choice={theme}
      aria-label={label}
      title={label}
      onClick={next}
    >
      <ThemeIcon />
    </button>
  );
}
