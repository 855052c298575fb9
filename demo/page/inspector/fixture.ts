/* A recording as the code of tests: one for each response with events, or one for the status if there is none. */
import { formatRecording, type Recording } from "steadystream/testing"
import type { Lane, Model } from "./model.ts"

const IMPORTS = [
  'import { readEvents } from "steadystream"',
  'import { parseRecording, replay } from "steadystream/testing"',
  'import { expect, test } from "vitest"',
]

/** Returns tests that replay the recording, whose text they hold. */
export function fixtureOf(recording: Recording, model: Model): string {
  const text = formatRecording(recording).replaceAll(/[\\`]|\$\{/g, String.raw`\$&`)
  return codeOf([...IMPORTS, "", `const recording = parseRecording(\`${text}\`)`], model)
}

/** Returns the same tests for a recording that was saved as a file. */
export function fixtureWithFile(file: string, model: Model): string {
  const imports = ['import { readFile } from "node:fs/promises"', ...IMPORTS]
  return codeOf([...imports, "", `const recording = parseRecording(await readFile("${file}", "utf8"))`], model)
}

function codeOf(head: readonly string[], { lanes }: Model): string {
  const streams = lanes.filter(({ status, blocks }) => status === 200 && blocks.some(isEvent))
  const tested = streams.length > 0 ? streams : lanes.slice(-1)
  return [`${head.join("\n")}\n`, ...tested.flatMap(testOf)].join("\n")
}

/** Returns the test of a response, or none if no response arrived. */
function testOf(lane: Lane): string[] {
  if (lane.status === undefined) return []
  const name = JSON.stringify(`the client reads the recorded response ${lane.request}`)
  const response = `const response = replay(recording, { speed: Infinity }).response(${lane.request})`
  const lines = [response, ...assertionsOf(lane)].map((line) => `  ${line}\n`).join("")
  return [`test(${name}, async () => {\n${lines}})\n`]
}

function isEvent({ kind }: Lane["blocks"][number]): boolean {
  return kind === "event"
}

/** Why the loop counts: a body whose end was not recorded stays open. */
function assertionsOf({ status, blocks }: Lane): string[] {
  const events = blocks.filter(isEvent)
  if (status !== 200 || events.length === 0) return [`expect(response.status).toBe(${status})`]
  return [
    "const data: string[] = []",
    `for await (const event of readEvents(response)) if (data.push(event.data) === ${events.length}) break`,
    `expect(data).toHaveLength(${events.length})`,
    `expect(data.at(-1)).toBe(${JSON.stringify(events.at(-1)!.data)})`,
  ]
}
