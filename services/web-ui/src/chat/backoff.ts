const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/**
 * How long to wait before the `attempt`-th try (from 0): exponential with full jitter above a floor, so that a
 * restarted server is not met by all pages at once.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return FIRST_MS / 2 + random() * ceiling;
}
