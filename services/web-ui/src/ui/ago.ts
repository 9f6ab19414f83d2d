const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 min. ago": how long before `now` that was, in the reader's language; a clock that is behind says "now". */
export function ago(time: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - new Date(time).getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["second", Infinity];
  return words.format(-Math.floor(seconds / size), unit);
}
