/** The address if it leads to a web page; documents come from outside, and `javascript:` is an address too. */
export function safeUrl(url: string | null): string | null {
  return url !== null && /^https?:\/\//i.test(url) ? url : null;
}
