import * as fc from "fast-check"
import { formatEntry, formatRecording, parseRecording, type Recording, type RecordingEntry } from "steadystream/testing"
import { expect, test } from "vitest"

const at = fc.oneof(
  fc.nat(),
  fc.nat().map((value) => value / 1_000),
)
/** Any string of JavaScript, with lone surrogates, line separators and line breaks. */
const word = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom("\ud800", "\udfff", "\u2028", "\n", "\r", '"', "\\", "\ufeff")).map((list) => list.join("")),
)
const token = fc.string({ unit: fc.constantFrom("a", "z", "-", "_", "~", "!", "0"), minLength: 1 })
const field = fc.string({ unit: fc.constantFrom("a", " ", "\t", ":", '"', "\\", "\u00ff") }).map((text) => text.trim())
const headers = fc.dictionary(token, field, { noNullPrototype: true })
const code = fc.option(word, { nil: undefined })
const request = fc.nat(5)
const bytes = fc
  .oneof(
    fc.uint8Array(),
    word.map((text) => new TextEncoder().encode(text)),
    fc.constantFrom([0xef, 0xbb, 0xbf], [0xef, 0xbb], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf0, 0x9f], []),
  )
  .map((values) => new Uint8Array(values))

const type = <Name extends RecordingEntry["type"]>(name: Name) => fc.constant(name)
const entry: fc.Arbitrary<RecordingEntry> = fc.oneof(
  fc.record({ type: type("request"), at, request, method: word, url: word, headers }),
  fc.record({ type: type("request"), at, request, method: word, url: word, headers, body: word }),
  fc.record({
    type: type("response"),
    at,
    request,
    status: fc.oneof(fc.constant(0), fc.integer({ min: 100, max: 999 })),
    headers,
  }),
  fc.record({ type: type("chunk"), at, request, bytes }),
  fc.record({ type: type("end"), at, request }),
  fc.record({ type: type("error"), at, request, name: word, code }),
  fc.record({ type: type("cancel"), at, request }),
  fc.record({ type: type("state"), at, state: fc.constantFrom("connecting", "open", "waiting", "closed") }),
  fc.record({ type: type("retry"), at, attempt: fc.nat(), delay: fc.nat(), name: word, code: word, phase: code }),
  fc.record({ type: type("failure"), at, name: word, code }),
  fc.record({ type: type("failure"), at, subscription: fc.nat(), name: word }),
  fc.record({ type: type("limit"), at }),
)
const recordings: fc.Arbitrary<Recording> = fc
  .array(entry, { maxLength: 12 })
  .map((entries) => ({ version: 1 as const, entries }))

test("parseRecording() of formatRecording() is the recording, whatever its texts and bytes are", () => {
  fc.assert(
    fc.property(recordings, (recording) => {
      expect(parseRecording(formatRecording(recording))).toEqual(recording)
    }),
    { numRuns: 500 },
  )
})

test("formatRecording() is the head and each entry as formatEntry() writes it", () => {
  fc.assert(
    fc.property(recordings, ({ version, entries }) => {
      const head = formatRecording({ version, entries: [] })
      expect(formatRecording({ version, entries })).toBe(head + entries.map(formatEntry).join(""))
    }),
  )
})

test("parseRecording() of a file that is cut anywhere has the entries whose lines are whole", () => {
  fc.assert(
    fc.property(recordings, fc.nat(), (recording, seed) => {
      const text = formatRecording(recording)
      const head = text.indexOf("\n") + 1
      const cut = head + (seed % (text.length - head + 1))
      const whole = text.slice(head, cut).split("\n").length - 1
      const isWholeLine = text[cut] === "\n"
      const { entries } = parseRecording(text.slice(0, cut))
      expect(entries).toEqual(recording.entries.slice(0, isWholeLine ? whole + 1 : whole))
    }),
  )
})

const head = '{"format":"steadystream-recording","version":1}\n'

test("parseRecording() reads a file with other line breaks, empty lines, a byte order mark and unknown entries", () => {
  const lines = [
    head.trim(),
    "",
    '{"type":"end","at":1,"request":0,"later":true}',
    '{"type":"sneeze","at":2}',
    '{"at":3,"type":"limit"}',
    " ",
  ]
  const expected = [
    { type: "end", at: 1, request: 0, later: true },
    { type: "limit", at: 3 },
  ]
  expect(parseRecording(`\ufeff${lines.join("\r\n")}`).entries).toEqual(expected)
  expect(parseRecording(head.trim()).entries).toEqual([])
})

test("parseRecording() does not take the name of a member of objects for a type", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    expect(parseRecording(`${head}{"type":"${name}","at":0}\n`).entries).toEqual([])
  }
})

test.each<readonly [text: string, message: string]>([
  ["", "it must not be empty"],
  [" \n", "it must not be empty"],
  ["\u001f\ufffd\b\0", "it must not be compressed"],
  ["PK\u0003\u0004\0", "it must not be compressed"],
  [`${head}{"type":"state","at":0,"state":"secret"}\n`, '"state" in line 2 must be "connecting", "open",'],
  ['{\0"\0f\0', "it must be in UTF-8, not UTF-16"],
  ["[]\n", "line 1 must be a JSON object"],
  ["{}\n", "line 1 must be its head"],
  ['{"format":"har","version":1}\n', "line 1 must be its head"],
  ['{"format":"steadystream-recording","version":2}\n', "its version must be 1"],
  [`${head}secret\n`, "line 2 must be a JSON object"],
  [`${head}{"type":"end","request":0}\n`, '"at" in line 2 must be a number from 0'],
  [`${head}{"type":"end","at":-1,"request":0}\n`, '"at" in line 2 must be a number from 0'],
  [`${head}{"type":"end","at":1e999,"request":0}\n`, '"at" in line 2 must be a number from 0'],
  [`${head}{"type":"end","at":0,"request":"0"}\n`, '"request" in line 2 must be an integer from 0'],
  [`${head}{"type":"end","at":0,"request":1e300}\n`, '"request" in line 2 must be an integer from 0'],
  [`${head}{"type":"state","at":0,"state":"open","subscription":0.5}\n`, '"subscription" in line 2 must be an integer'],
  ...[-1, 1, 99, 200.5, 1_000].map(
    (status) =>
      [
        `${head}{"type":"response","at":0,"request":0,"status":${status},"headers":{}}\n`,
        '"status" in line 2 must be 0 or an integer from 100 to 999',
      ] as const,
  ),
  ...['{"a b":"c"}', '{"":"c"}', '{"a":"b\\nc"}', '{"a":"\u0100"}', "[]"].map(
    (wrong) =>
      [
        `${head}{"type":"response","at":0,"request":0,"status":200,"headers":${wrong}}\n`,
        '"headers" in line 2 must be an object with names and values of headers',
      ] as const,
  ),
  [`${head}{"type":"response","at":0,"request":0,"status":200,"headers":{"a":1}}\n`, '"headers" in line 2 must be'],
  [`${head}{"type":"response","at":0,"request":0,"status":200,"headers":null}\n`, '"headers" in line 2 must be'],
  [`${head}{"type":"chunk","at":0,"request":0}\n`, 'line 2 must have "text" or "base64"'],
  [`${head}{"type":"chunk","at":0,"request":0,"base64":"?"}\n`, 'line 2 must have "text" or "base64"'],
  [`${head}{"type":"end"}`, '"at" in line 2 must be a number from 0'],
])("parseRecording() refuses %j", (text, message) => {
  const attempt = () => parseRecording(text)
  expect(attempt).toThrow(TypeError)
  expect(attempt).toThrow(message)
  expect(attempt).not.toThrow("secret")
})

test("parseRecording() reads bytes, and says what else it was given", () => {
  const file = new TextEncoder().encode(`\ufeff${head}{"type":"limit","at":0}`)
  expect(parseRecording(file).entries).toEqual([{ type: "limit", at: 0 }])
  const gzip = new Uint8Array([0x1f, 0x8b, 8, 0])
  const utf16 = new Uint8Array(
    Array.from(`\ufeff${head}`).flatMap((unit) => [unit.charCodeAt(0) & 255, unit.charCodeAt(0) >> 8]),
  )
  expect(parseRecording(file.buffer)).toEqual(parseRecording(file))
  expect(() => parseRecording(gzip)).toThrow("it must not be compressed")
  expect(() => parseRecording(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0]))).toThrow("it must not be compressed")
  expect(() => parseRecording(utf16)).toThrow("it must be in UTF-8, not UTF-16")
  expect(() => parseRecording(new Uint8Array())).toThrow("it must not be empty")
  for (const [value, kind] of [
    [undefined, "undefined"],
    [null, "null"],
    [{}, "object"],
  ] as const) {
    const attempt = () => parseRecording(value as never)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(`it must be a string or bytes, not ${kind}`)
  }
})

test("parseRecording() refuses bytes that are not UTF-8, unless they are cut in the last line", () => {
  const file = new TextEncoder().encode(`${head}{"type":"chunk","at":0,"request":0,"text":"\u00e9"}\n`)
  const cut = file.subarray(0, file.lastIndexOf(0xc3) + 1)
  expect(parseRecording(cut).entries).toEqual([])
  const latin1 = file.map((byte) => (byte === 0xc3 ? 0xe9 : byte))
  expect(() => parseRecording(latin1)).toThrow("Cannot read recording: it must be in UTF-8")
})

test("parseRecording() skips an entry whose type is no string", () => {
  const lines = ['{"type":["end"],"at":0,"request":0}', '{"type":5,"at":0}', '{"at":0}'].join("\n")
  expect(parseRecording(`${head}${lines}\n`).entries).toEqual([])
})
