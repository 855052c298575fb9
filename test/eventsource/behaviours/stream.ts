/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, over a connection */
import { type Behaviour, equal, ok, record } from "../behaviour.ts"
import type { Part } from "../script.ts"

/** The events that the body of one response fires. */
function fires(
  area: string,
  name: string,
  body: readonly Part[],
  lines: readonly string[],
  types?: string[],
): Behaviour {
  return {
    area,
    name,
    async run({ connect, script }) {
      const { url } = await script([{ body: [...body, "\n\nevent: end\ndata: end\n\n"], ending: "hold" }])
      const recording = record(connect(url), [...(types ?? ["message"]), "end"])
      equal(await recording.atLeast(lines.length + 1), [...lines, "end 1 end"])
    },
  }
}

const BOM = [0xef, 0xbb, 0xbf] as const

export const streamBehaviours: readonly Behaviour[] = [
  fires("BOM", "one at the start is dropped", [BOM, "data: 1\n\n"], ["message 1 1"]),
  fires("BOM", "one that comes in pieces is dropped", [[0xef], [0xbb], [0xbf], "data: 1\n\n"], ["message 1 1"]),
  fires("BOM", "a second one belongs to the field name", [BOM, BOM, "data: 1\n\ndata: 2\n\n"], ["message 1 2"]),
  fires("BOM", "one further on belongs to the field name", ["data: 1\n\n", BOM, "data: 2\n\n"], ["message 1 1"]),
  {
    area: "BOM",
    name: "one at the start of each connection is dropped",
    async run({ connect, script }) {
      const reply = { body: [BOM, "retry: 10\ndata: 1\n\n"] }
      const { url } = await script([reply, { ...reply, ending: "hold" }])
      equal(await record(connect(url), ["message"]).atLeast(2), ["message 1 1", "message 1 1"])
    },
  },
  fires(
    "fields",
    "LF, CR and CRLF end lines",
    ["data: 1\n\ndata: 2\r\rdata: 3\r\n\r\n"],
    ["message 1 1", "message 1 2", "message 1 3"],
  ),
  fires("fields", "a CRLF may be cut", ["data: 1\r", "\ndata: 2\r", "\n\r", "\n"], ["message 1 1\n2"]),
  fires("fields", "comments are ignored", [": hello\n:\ndata: 1\n:\0 data: 2\n\n"], ["message 1 1"]),
  fires("fields", "data lines are joined with LF", ["data:1\ndata\ndata:2\n\n"], ["message 1 1\n\n2"]),
  fires(
    "fields",
    "data without a value fires an empty event",
    ["data\n\ndata:\n\ndata\ndata\n\n"],
    ["message 1 ", "message 1 ", "message 1 \n"],
  ),
  fires("fields", "one leading space is dropped", ["data:  1\ndata:\t2\ndata: :\n\n"], ["message 1  1\n\t2\n:"]),
  fires(
    "fields",
    "names are compared literally",
    [" data: 1\nData: 2\ndata : 3\ndata: 4\ndatas: 5\n\n"],
    ["message 1 4"],
  ),
  fires(
    "fields",
    "a block without data fires nothing and its type is forgotten",
    ["event: a\n\ndata: 1\n\n"],
    ["message 1 1"],
  ),
  fires(
    "fields",
    "a later event field replaces an earlier one",
    ["event: b\ndata: 1\nevent: a\n\n"],
    ["a 1 1"],
    ["a", "b"],
  ),
  fires("fields", "a field may have a NUL", ["data: a\0b\n\0data: 2\n\n"], ["message 1 a\0b"]),
  fires("fields", "only CR and LF end a line", ["data: a\u2028b\u0085c\vd\f\n\n"], ["message 1 a\u2028b\u0085c\vd\f"]),
  fires(
    "fields",
    "a large event is one event",
    [`data: ${"x".repeat(500_000)}\n`, `data: ${"y".repeat(500_000)}\n\n`],
    [`message 1 ${"x".repeat(500_000)}\n${"y".repeat(500_000)}`],
  ),
  {
    area: "fields",
    name: "a block that is cut by the end of the stream fires no event",
    async run({ connect, script }) {
      const { url } = await script([
        { body: ["retry: 10\n\ndata: 1\n\ndata: 2\n"] },
        { body: ["data: 3\n\n"], ending: "hold" },
      ])
      equal(await record(connect(url), ["message"]).atLeast(2), ["message 1 1", "message 1 3"])
    },
  },
  fires("UTF-8", "characters of every width are kept", ["data: aä€😀\n\n"], ["message 1 aä€😀"]),
  fires("UTF-8", "a character may be cut", ["data: ", [0xe2], [0x82], [0xac], "\n\n"], ["message 1 €"]),
  fires(
    "UTF-8",
    "invalid bytes are U+FFFD",
    ["data: a", [0xff], "b", [0xe2, 0x82], "c\n\n"],
    ["message 1 a\uFFFDb\uFFFDc"],
  ),
  {
    area: "UTF-8",
    name: "the stream is UTF-8 whatever the charset says",
    excuses: { "native Chromium": "it refuses every charset but utf-8" },
    async run({ connect, script }) {
      const { url } = await script([
        { type: "text/event-stream; charset=windows-1251", body: ["data: ok…\n\n"], ending: "hold" },
      ])
      equal(await record(connect(url), ["message"]).atLeast(1), ["message 1 ok…"])
    },
  },
  {
    area: "ids",
    name: "lastEventId stays for events without an id, and an empty id resets it",
    async run({ connect, script }) {
      const { url } = await script([
        { body: ["data: 1\n\nid: a\ndata: 2\n\ndata: 3\n\nid\ndata: 4\n\nid: b\n\ndata: 5\n\n"], ending: "hold" },
      ])
      const recording = record(connect(url), ["message"])
      await recording.atLeast(5)
      equal(
        recording.events.map((event) => (event as MessageEvent).lastEventId),
        ["", "a", "a", "", "b"],
      )
    },
  },
  {
    area: "ids",
    name: "an id with a NUL is ignored",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["id: a\ndata: 1\n\nid: b\0c\ndata: 2\n\n"], ending: "hold" }])
      const recording = record(connect(url), ["message"])
      await recording.atLeast(2)
      equal((recording.events[1] as MessageEvent).lastEventId, "a")
    },
  },
  {
    area: "fields",
    name: "all of many events of one chunk fire",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["data: x\n\n".repeat(5_000)], ending: "hold" }])
      const lines = await record(connect(url), ["message"]).atLeast(5_000)
      ok(lines.length === 5_000, "none comes twice")
    },
  },
]
