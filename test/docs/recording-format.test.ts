import { readFileSync } from "node:fs"
import { formatRecording, parseRecording, replay, type RecordingEntry } from "steadystream/testing"
import { subscribe } from "steadystream/client"
import { expect, test } from "vitest"

const page = readFileSync("docs/recording-format.md", "utf8")
const example = /```jsonl\n([^]*?)```/.exec(page)![1]!
const recording = parseRecording(example)

test("parseRecording() reads every line of the format's page, and formatRecording() writes it again", () => {
  expect(recording.entries).toHaveLength(example.split("\n").length - 2)
  expect(formatRecording(recording)).toBe(example)
})

test("replay() of the format's page sends its events to a subscription", async () => {
  const { fetch } = replay(recording, { speed: Infinity })
  const events = []
  const options = { fetch, retry: { initialDelay: 0 } }
  for await (const event of subscribe("https://example.com/", options)) events.push(event.data)
  expect(events).toEqual(["café"])
})

test("parseRecording() knows exactly the types of entries in the format's table", () => {
  const listed = [...page.matchAll(/^\| `(?!type)(\w+)` +\| ([^|]*)\|/gm)].map(
    ([, type, members]) => [type, members!] as const,
  )
  const types: Readonly<Record<RecordingEntry["type"], true>> = {
    request: true,
    response: true,
    chunk: true,
    end: true,
    error: true,
    cancel: true,
    state: true,
    retry: true,
    failure: true,
    limit: true,
  }
  expect(listed.map(([type]) => type)).toEqual(Object.keys(types))
  const head = formatRecording({ version: 1, entries: [] })
  for (const [type, members] of listed) {
    // Every member that the table does not mark as optional is required.
    const required = [...members.matchAll(/`(\w+)`(\?)?/g)].flatMap(([, name, mark]) => (mark ? [] : [name!]))
    const line = `${head}${JSON.stringify({ at: 0, type })}\n`
    if (required.length > 0) expect(() => parseRecording(line)).toThrow(`"${required[0]!}" in line 2`)
    else expect(parseRecording(line).entries).toHaveLength(1)
  }
})

test("record() keeps exactly the headers that the format's page lists", () => {
  const source = readFileSync("src/testing/recording/redaction.ts", "utf8")
  const listed = /list without secrets are kept: ([^.]*)\./.exec(page)![1]!
  const kept = /const HEADERS[^[]*\[\] = \[([^\]]*)\]/.exec(source)![1]!
  const names = (text: string) => [...text.matchAll(/[`"]([\w-]+)[`"]/g)].map(([, name]) => name)
  expect(names(listed)).toEqual(names(kept))
})
