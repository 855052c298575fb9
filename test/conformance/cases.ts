/*
 * The cases of "Parsing an event stream" and "Interpreting an event stream" as data. Each is fed whole, per character,
 * per byte and at every cut into two, and must return the same result each time.
 */

export interface ExpectedEvent {
  readonly event?: string
  readonly data: string
  readonly id?: string
  readonly lastEventId?: string
}

export interface ConformanceCase {
  readonly name: string
  /** The anchor in the specification, https://html.spec.whatwg.org/multipage/server-sent-events.html# */
  readonly anchor: "parsing-an-event-stream" | "event-stream-interpretation"
  /** The stream as text, or as bytes if it is not valid UTF-8. */
  readonly input: string | readonly number[]
  readonly events: readonly ExpectedEvent[]
  readonly retries?: readonly number[]
  readonly comments?: readonly string[]
  /** The IDs that `onId` receives. */
  readonly ids?: readonly string[]
  /** The cursor at the end. */
  readonly lastEventId?: string
  /** Whether `end()` returns that the stream was incomplete. */
  readonly incomplete?: boolean
}

const bytes = (...parts: readonly (string | readonly number[])[]): number[] =>
  parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part))

const parsing: readonly Omit<ConformanceCase, "anchor">[] = [
  { name: "an empty stream has no events", input: "", events: [] },
  { name: "LF ends lines", input: "data: a\n\n", events: [{ data: "a" }] },
  { name: "CRLF ends lines", input: "data: a\r\n\r\n", events: [{ data: "a" }] },
  { name: "CR ends lines", input: "data: a\r\r", events: [{ data: "a" }] },
  {
    name: "CR alone ends every line",
    input: "data: a\rdata: b\r\rdata: c\r\r",
    events: [{ data: "a\nb" }, { data: "c" }],
  },
  { name: "line ends may be mixed", input: "data: a\rdata: b\r\ndata: c\n\r\n", events: [{ data: "a\nb\nc" }] },
  {
    name: "CR then LF CR is CRLF and a blank line",
    input: "data: a\r\n\rdata: b\n\n",
    events: [{ data: "a" }, { data: "b" }],
  },
  {
    name: "LF then CR is a line end and a blank line",
    input: "data: a\n\rdata: b\n\n",
    events: [{ data: "a" }, { data: "b" }],
  },
  {
    name: "CRLF CRLF is one blank line",
    input: "data: a\r\n\r\n\r\n\r\ndata: b\r\n\r\n",
    events: [{ data: "a" }, { data: "b" }],
  },
  { name: "several blank lines dispatch nothing more", input: "\n\n\ndata: a\n\n\n\n", events: [{ data: "a" }] },
  { name: "one byte order mark at the start is dropped", input: "\uFEFFdata: a\n\n", events: [{ data: "a" }] },
  { name: "a second byte order mark belongs to the field name", input: "\uFEFF\uFEFFdata: a\n\n", events: [] },
  {
    name: "a byte order mark later is data",
    input: "data: \uFEFFa\n\n\uFEFFdata: b\n\n",
    events: [{ data: "\uFEFFa" }],
  },
  { name: "a byte order mark alone is nothing", input: "\uFEFF", events: [] },
  { name: "a byte order mark before a blank line is dropped", input: "\uFEFF\ndata: a\n\n", events: [{ data: "a" }] },
  { name: "a truncated byte order mark is a field name", input: bytes([0xef, 0xbb], "data: a\n\n"), events: [] },
  {
    name: "U+0085, U+2028, U+2029, VT and FF end no line",
    input: "data: a\u0085b\u2028c\u2029d\u000Be\u000Cf\n\n",
    events: [{ data: "a\u0085b\u2028c\u2029d\u000Be\u000Cf" }],
  },
  { name: "characters of every width are kept", input: "data: é漢🙂\n\n", events: [{ data: "é漢🙂" }] },
  { name: "an invalid byte is U+FFFD", input: bytes("data: a", [0xff], "b\n\n"), events: [{ data: "a\uFFFDb" }] },
  { name: "a cut sequence is U+FFFD", input: bytes("data: ", [0xe6, 0xbc], "x\n\n"), events: [{ data: "\uFFFDx" }] },
  {
    name: "a sequence cut by a line end is U+FFFD",
    input: bytes("data: ", [0xf0, 0x9f, 0x99], "\n\n"),
    events: [{ data: "\uFFFD" }],
  },
  {
    name: "continuation bytes alone are U+FFFD each",
    input: bytes("data: ", [0x80, 0xbf, 0x80, 0x80], "\n\n"),
    events: [{ data: "\uFFFD\uFFFD\uFFFD\uFFFD" }],
  },
  {
    name: "overlong forms are U+FFFD for each byte",
    input: bytes("data: ", [0xc0, 0xaf, 0xe0, 0x80, 0xaf], "\n\n"),
    events: [{ data: "\uFFFD".repeat(5) }],
  },
  {
    name: "encoded surrogates are U+FFFD for each byte",
    input: bytes("data: ", [0xed, 0xa0, 0x80], "\n\n"),
    events: [{ data: "\uFFFD".repeat(3) }],
  },
  {
    name: "code points above U+10FFFF are U+FFFD for each byte",
    input: bytes("data: ", [0xf4, 0x90, 0x80, 0x80], "\n\n"),
    events: [{ data: "\uFFFD".repeat(4) }],
  },
  {
    name: "a lead byte after a lead byte starts anew",
    input: bytes("data: ", [0xe2, 0xe2, 0x82, 0xac], "\n\n"),
    events: [{ data: "\uFFFD€" }],
  },
  { name: "an invalid byte in a field name makes it unknown", input: bytes("da", [0xff], "ta: a\n\n"), events: [] },
  {
    name: "a stream cut inside a code point ends incomplete",
    input: bytes("data: ", [0xf0, 0x9f]),
    events: [],
    incomplete: true,
  },
]

const interpreting: readonly Omit<ConformanceCase, "anchor">[] = [
  { name: "the type is message by default", input: "data: a\n\n", events: [{ event: "message", data: "a" }] },
  { name: "event sets the type", input: "event: tick\ndata: a\n\n", events: [{ event: "tick", data: "a" }] },
  { name: "event after data sets the type", input: "data: a\nevent: tick\n\n", events: [{ event: "tick", data: "a" }] },
  { name: "the last event field wins", input: "event: a\nevent: b\ndata: x\n\n", events: [{ event: "b", data: "x" }] },
  {
    name: "an empty event field is message",
    input: "event: a\nevent:\ndata: x\n\n",
    events: [{ event: "message", data: "x" }],
  },
  {
    name: "event without data dispatches nothing and is forgotten",
    input: "event: a\n\ndata: x\n\n",
    events: [{ data: "x" }],
  },
  {
    name: "the type does not carry over",
    input: "event: a\ndata: x\n\ndata: y\n\n",
    events: [{ event: "a", data: "x" }, { data: "y" }],
  },
  {
    name: "names of the prototype chain are plain types",
    input: "event: __proto__\ndata: a\n\nevent: constructor\ndata: b\n\nevent: error\ndata: c\n\n",
    events: [
      { event: "__proto__", data: "a" },
      { event: "constructor", data: "b" },
      { event: "error", data: "c" },
    ],
  },
  { name: "data lines are joined with LF", input: "data: a\ndata: b\ndata: c\n\n", events: [{ data: "a\nb\nc" }] },
  { name: "data without a value is an event with empty data", input: "data\n\n", events: [{ data: "" }] },
  { name: "data with an empty value is an event with empty data", input: "data:\n\n", events: [{ data: "" }] },
  { name: "two empty data lines are one LF", input: "data\ndata\n\n", events: [{ data: "\n" }] },
  { name: "only one LF is taken from the end of data", input: "data: a\ndata\ndata\n\n", events: [{ data: "a\n\n" }] },
  {
    name: "one space after the colon is dropped",
    input: "data: a\n\ndata:b\n\ndata:  c\n\ndata:\td\n\n",
    events: [{ data: "a" }, { data: "b" }, { data: " c" }, { data: "\td" }],
  },
  { name: "trailing spaces are kept", input: "data: a  \n\n", events: [{ data: "a  " }] },
  { name: "data of one space is empty", input: "data: \n\n", events: [{ data: "" }] },
  {
    name: "further colons are part of the value",
    input: "data: a: b:c\n\ndata::\n\n",
    events: [{ data: "a: b:c" }, { data: ":" }],
  },
  { name: "a space before the colon makes the field unknown", input: "data : a\n\n", events: [] },
  { name: "a space before the name makes the field unknown", input: " data: a\n\n", events: [] },
  {
    name: "field names are case-sensitive",
    input: "Data: a\nDATA: b\nEvent: c\nID: 1\nRetry: 5\n\n",
    events: [],
    retries: [],
    lastEventId: "",
  },
  {
    name: "longer and shorter names are unknown",
    input: "dat: a\ndataa: b\ndata-x: c\nevents: d\ni: e\nidx: f\nretryy: 1\n\n",
    events: [],
    lastEventId: "",
  },
  { name: "unknown fields are ignored", input: "foo: bar\ndata: a\nbaz\n\n", events: [{ data: "a" }] },
  {
    name: "a line without a colon is a name with an empty value",
    input: "event\nid\nretry\ndata\n\n",
    events: [{ event: "message", data: "", id: "", lastEventId: "" }],
    retries: [],
  },
  {
    name: "a line that begins with a colon is a comment",
    input: ": hello\n:x\n:\n::\ndata: a\n\n",
    events: [{ data: "a" }],
    comments: ["hello", "x", "", ":"],
  },
  {
    name: "a comment inside a block changes nothing",
    input: "data: a\n: comment\ndata: b\n\n",
    events: [{ data: "a\nb" }],
    comments: ["comment"],
  },
  { name: "a comment loses one leading space", input: ":  two\n\n", events: [], comments: [" two"] },
  { name: "NUL in data is kept", input: "data: a\0b\n\n", events: [{ data: "a\0b" }] },
  {
    name: "id is of its block and sets the cursor",
    input: "id: 1\ndata: a\n\n",
    events: [{ data: "a", id: "1", lastEventId: "1" }],
    ids: ["1"],
  },
  {
    name: "the cursor stays for events without id",
    input: "id: 1\ndata: a\n\ndata: b\n\n",
    events: [
      { data: "a", id: "1", lastEventId: "1" },
      { data: "b", lastEventId: "1" },
    ],
    ids: ["1"],
  },
  {
    name: "a block with only an id moves the cursor",
    input: "id: 1\n\ndata: a\n\n",
    events: [{ data: "a", lastEventId: "1" }],
    ids: ["1"],
    lastEventId: "1",
  },
  {
    name: "an empty id resets the cursor",
    input: "id: 1\ndata: a\n\nid:\ndata: b\n\nid: 2\n\nid\n\n",
    events: [
      { data: "a", id: "1", lastEventId: "1" },
      { data: "b", id: "", lastEventId: "" },
    ],
    ids: ["1", "", "2", ""],
    lastEventId: "",
  },
  {
    name: "an id with NUL is ignored",
    input: "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
    events: [
      { data: "a", id: "1", lastEventId: "1" },
      { data: "b", lastEventId: "1" },
    ],
    ids: ["1"],
  },
  {
    name: "an id with NUL keeps the id before it",
    input: "id: 1\nid: \0\ndata: a\n\n",
    events: [{ data: "a", id: "1", lastEventId: "1" }],
  },
  {
    name: "the last id of a block wins",
    input: "id: 1\nid: 2\ndata: a\n\n",
    events: [{ data: "a", id: "2", lastEventId: "2" }],
    ids: ["2"],
  },
  {
    name: "an id after the data counts",
    input: "data: a\nid: 1\n\n",
    events: [{ data: "a", id: "1", lastEventId: "1" }],
  },
  {
    name: "an id keeps its inner and trailing spaces",
    input: "id:  a b \ndata: x\n\n",
    events: [{ data: "x", id: " a b ", lastEventId: " a b " }],
  },
  {
    name: "an id may hold any character but NUL and line ends",
    input: "id: ✓\u0001\uFEFF\ndata: x\n\n",
    events: [{ data: "x", id: "✓\u0001\uFEFF", lastEventId: "✓\u0001\uFEFF" }],
  },
  {
    name: "an unfinished block does not move the cursor",
    input: "id: 1\ndata: a\n\nid: 2\ndata: b\n",
    events: [{ data: "a", id: "1", lastEventId: "1" }],
    ids: ["1"],
    lastEventId: "1",
    incomplete: true,
  },
  {
    name: "retry is digits only",
    input:
      "retry: 1000\nretry: 1.5\nretry: +5\nretry: -5\nretry: 1e3\nretry: 0x10\nretry: ५\nretry:  7\nretry: 8 \nretry: \nretry\nretry: 0\n\n",
    events: [],
    retries: [1000, 0],
  },
  { name: "retry with leading zeros is decimal", input: "retry: 0010\n\n", events: [], retries: [10] },
  { name: "retry takes effect without a blank line", input: "retry: 5\n", events: [], retries: [5], incomplete: false },
  {
    name: "a huge retry is a finite number",
    input: `retry: ${"9".repeat(400)}\n\n`,
    events: [],
    retries: [Number.MAX_SAFE_INTEGER],
  },
  {
    name: "an event without its blank line is discarded",
    input: "data: a\n\ndata: b\n",
    events: [{ data: "a" }],
    incomplete: true,
  },
  {
    name: "a line without its end is discarded",
    input: "data: a\n\ndata: b",
    events: [{ data: "a" }],
    incomplete: true,
  },
  {
    name: "a blank line by CR needs nothing after it",
    input: "data: a\n\r",
    events: [{ data: "a" }],
    incomplete: false,
  },
  {
    name: "an unfinished comment is nothing",
    input: "data: a\n\n: keep-al",
    events: [{ data: "a" }],
    incomplete: false,
  },
  {
    name: "an unfinished unknown line is incomplete",
    input: "data: a\n\nunknown: x",
    events: [{ data: "a" }],
    incomplete: true,
  },
  { name: "an unfinished id is incomplete", input: "id: 1\n", events: [], lastEventId: "", incomplete: true },
  { name: "an unfinished event type is incomplete", input: "event: a\n", events: [], incomplete: true },
]

// The streams that the specification itself shows.
const examples: readonly Omit<ConformanceCase, "anchor">[] = [
  {
    name: "the stock ticker of the specification",
    input: "data: YHOO\ndata: +2\ndata: 10\n\n",
    events: [{ data: "YHOO\n+2\n10" }],
  },
  {
    name: "the four blocks of the specification",
    input: ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    events: [
      { data: "first event", id: "1", lastEventId: "1" },
      { data: "second event", id: "", lastEventId: "" },
      { data: " third event", lastEventId: "" },
    ],
    comments: ["test stream"],
  },
  {
    name: "the two events of the specification",
    input: "data\n\ndata\ndata\n\ndata:",
    events: [{ data: "" }, { data: "\n" }],
    incomplete: true,
  },
  {
    name: "the two identical events of the specification",
    input: "data:test\n\ndata: test\n\n",
    events: [{ data: "test" }, { data: "test" }],
  },
]

export const conformanceCases: readonly ConformanceCase[] = [
  ...parsing.map((item) => ({ ...item, anchor: "parsing-an-event-stream" as const })),
  ...interpreting.map((item) => ({ ...item, anchor: "event-stream-interpretation" as const })),
  ...examples.map((item) => ({ ...item, anchor: "event-stream-interpretation" as const })),
]
