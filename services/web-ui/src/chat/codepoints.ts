/**
 * Offsets on the wire count Unicode code points, as Python's strings do; JavaScript's count UTF-16 units.
 * These functions translate between the two.
 */

/** The UTF-16 index of the `offset`-th code point, clamped to the text's length. */
export function utf16Index(text: string, offset: number): number {
  let index = 0;
  for (let seen = 0; seen < offset && index < text.length; seen++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

/** How many code points lie before the UTF-16 index. */
export function codePointOffset(text: string, index: number): number {
  let offset = 0;
  for (let at = 0; at < index && at < text.length; offset++) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

export interface Cut {
  before: string;
  passage: string;
  after: string;
}

/** The text before, inside and after `[start, end)`, both counted in code points. */
export function cutAt(text: string, start: number, end: number): Cut {
  const from = utf16Index(text, start);
  const to = from + utf16Index(text.slice(from), end - start);
  return { before: text.slice(0, from), passage: text.slice(from, to), after: text.slice(to) };
}
