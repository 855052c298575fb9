/* `lint`: reports what is wrong with an event stream, from a file, a recording or a server. */
import { record } from "../testing/index.ts"
import type { Command } from "./command.ts"
import { FAILED, OK } from "./exit-codes.ts"
import type { CommandArguments } from "./flags.ts"
import { lintResponses, type PlacedFinding } from "./lint/lint-response.ts"
import { type LintedResponse, recordedResponsesOf, responsesOf } from "./lint/linted-response.ts"
import { type RuleId, RULES } from "./lint/rules.ts"
import { readInput } from "./input.ts"
import { count } from "./progress.ts"
import { REQUEST_FLAGS, requestOf } from "./request-options.ts"
import type { Terminal } from "./terminal.ts"
import { UsageError } from "./usage-error.ts"

/** How long a server is watched. */
const DEFAULT_WATCH_MS = 30_000
/** The most findings of one rule that are written for people. */
const MAX_OF_RULE = 5

const { header, method, data, "last-event-id": lastEventId, until } = REQUEST_FLAGS

export const LINT: Command = {
  name: "lint",
  summary: "Reports what is wrong with an event stream: a file of its text, a recording, or a server.",
  operands: ["FILE|URL"],
  flags: {
    header: header!,
    method: method!,
    data: data!,
    "last-event-id": lastEventId!,
    until: { ...until!, about: "The data of the end mark, such as [DONE]." },
    for: { type: "string", value: "SECONDS", about: "How long a server is watched at most: 30." },
    json: { type: "boolean", about: "Writes each finding as one line of JSON." },
  },
  run: async (given, terminal) => {
    const target = given.positionals[0]!
    const isUrl = /^https?:\/\//i.test(target)
    if (!isUrl) checkNoRequest(given)
    const responses = isUrl ? await watch(given, terminal) : responsesOf(await readInput(target, terminal.signal))
    const findings = await lintResponses(responses, given.text("until"))
    const isManyResponses = responses.length > 1
    await terminal.write(given.has("json") ? jsonOf(findings) : reportOf(findings, isManyResponses, terminal))
    return findings.some(({ rule }) => RULES[rule].severity !== "info") ? FAILED : OK
  },
}

/** @throws UsageError if there are flags of a request for a file, which would do nothing. */
function checkNoRequest(given: CommandArguments): void {
  const name = ["header", "method", "data", "last-event-id", "for"].find((one) => given.has(one))
  if (name !== undefined) throw new UsageError(`"--${name}" must only be used with a URL, not with a file`)
}

/** Makes one request, and reads the response for a while. A redirect is not followed: it is a finding. */
async function watch(given: CommandArguments, terminal: Terminal): Promise<LintedResponse[]> {
  const { url, method: verb, headers, body = null } = await requestOf(given, terminal.signal)
  const ms = given.seconds("for") ?? DEFAULT_WATCH_MS
  if (!headers.has("accept")) headers.set("accept", "text/event-stream")
  const cursor = given.text("last-event-id")
  if (cursor !== undefined) headers.set("last-event-id", cursor)
  const recorder = record()
  const over = AbortSignal.timeout(ms)
  const signal = AbortSignal.any([terminal.signal, over])
  const ask = recorder.fetch()
  try {
    const { body: stream } = await ask(url, { method: verb, headers, body, signal, redirect: "manual" })
    // The recording has the error of a body that breaks.
    await stream?.pipeTo(new WritableStream(), { signal }).catch(() => {})
  } catch (error) {
    // A server that does not answer in this time is a finding.
    if (!over.aborted) throw error
  }
  terminal.signal.throwIfAborted()
  return recordedResponsesOf(recorder.recording)
}

function jsonOf(findings: readonly PlacedFinding[]): string {
  const lines = findings.map(({ rule, ...more }) => JSON.stringify({ rule, ...RULES[rule], ...more }))
  return lines.map((line) => `${line}\n`).join("")
}

function reportOf(findings: readonly PlacedFinding[], isManyResponses: boolean, { colours }: Terminal): string {
  const { dim, red, yellow, green, cyan } = colours
  const paint = { error: red, warning: yellow, info: cyan }
  const counts = new Map<RuleId, number>()
  const blocks = findings.flatMap(({ rule, message, line, byte, response }) => {
    const number = (counts.get(rule) ?? 0) + 1
    counts.set(rule, number)
    if (number > MAX_OF_RULE) return []
    const { severity, link } = RULES[rule]
    const place = line === undefined ? "" : `, line ${line}, byte ${byte}`
    const where = `${isManyResponses ? `, response ${response}` : ""}${place}`
    return [`${paint[severity](severity)} ${rule}${where}\n  ${message}\n  ${dim(link)}\n`]
  })
  const hidden = [...counts].filter(([, number]) => number > MAX_OF_RULE)
  const more = hidden.map(([rule, number]) => `${rule}: ${count(number - MAX_OF_RULE, "further finding")}\n`)
  const of = (severity: string) => findings.filter(({ rule }) => RULES[rule].severity === severity).length
  const total = `${count(of("error"), "error")}, ${count(of("warning"), "warning")}, ${of("info")} info\n`
  return [...blocks, ...more, findings.length === 0 ? green(total) : total].join("")
}
