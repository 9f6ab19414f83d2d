import { expect, test } from "vitest";
import { codePointOffset, cutAt, utf16Index } from "../../src/chat/codepoints";

const TEXT = "a🚀b👩‍💻c"; // the second sign is three code points and five UTF-16 units

test("offsets count code points, not UTF-16 units", () => {
  expect(cutAt(TEXT, 1, 2)).toEqual({ before: "a", passage: "🚀", after: "b👩‍💻c" });
  expect(cutAt(TEXT, 2, 3).passage).toBe("b");
  expect(cutAt(TEXT, 6, 7).passage).toBe("c");
});

test("every offset is translated there and back", () => {
  const points = Array.from(TEXT);
  for (let offset = 0; offset <= points.length; offset++) {
    const index = utf16Index(TEXT, offset);
    expect(index).toBe(points.slice(0, offset).join("").length);
    expect(codePointOffset(TEXT, index)).toBe(offset);
  }
});

test("offsets beyond the text end with it", () => {
  expect(cutAt("abc", 2, 99)).toEqual({ before: "ab", passage: "c", after: "" });
  expect(cutAt("abc", 7, 9)).toEqual({ before: "abc", passage: "", after: "" });
  expect(codePointOffset("abc", 99)).toBe(3);
});
