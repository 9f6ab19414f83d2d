import { expect, test } from "vitest";
import { EventParser } from "../../src/api/sse";

const STREAM = "id: 1\nevent: job\ndata: a\ndata: b\n\n: a comment\n\nretry: 5\ndata:c\n\n";
const EVENTS = [
  { event: "job", data: "a\nb", id: "1" },
  { event: "message", data: "c", id: null },
];

test("events are found wherever the stream is cut", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const parser = new EventParser();
    expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(EVENTS);
  }
});

test("lines may end as on Windows", () => {
  expect(new EventParser().push(STREAM.replaceAll("\n", "\r\n"))).toEqual(EVENTS);
});

test("half an event is none", () => {
  expect(new EventParser().push("data: a\n")).toEqual([]);
});
