// Runs before the first paint, so that a chosen theme never flashes the other one. A file of its own because the
// Content-Security-Policy allows no inline script.
try {
  const theme = localStorage.getItem("askflash.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be blocked: the system's preference applies.
}
