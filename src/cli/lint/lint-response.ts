import { checkArrival } from "./arrival.ts"
import { checkEnd } from "./ending.ts"
import { FramingReader } from "./framing.ts"
import { checkHead } from "./headers.ts"
import { checkIds } from "./ids.ts"
import { bodyOf, type LintedResponse } from "./linted-response.ts"
import { checkBody, checkResponse } from "./presence.ts"
import type { Finding } from "./rules.ts"

/** What was found in the response to a request. */
export type PlacedFinding = Finding & {
  /** The number of the request. */
  readonly response: number
}

/** Applies every rule to every response. At least one that is no followed redirect must have arrived: else nothing was checked. */
export async function lintResponses(
  responses: readonly LintedResponse[],
  until: string | undefined,
): Promise<PlacedFinding[]> {
  const findings: PlacedFinding[] = []
  for (const response of responses) {
    for (const finding of await lintResponse(response, until)) findings.push({ response: response.number, ...finding })
  }
  if (findings.length > 0 || responses.some(({ hasArrived, isFollowed }) => hasArrived && !isFollowed)) return findings
  return [{ response: 0, rule: "arrival/no-response", message: "No response arrived, so nothing could be checked." }]
}

/** Applies every rule to a response. A refused response is not read as a stream, and a redirect that was followed is none. */
export async function lintResponse(response: LintedResponse, until: string | undefined): Promise<Finding[]> {
  if (!response.hasArrived) return [...checkResponse(response)]
  if (response.isFollowed) return []
  const head = [...checkHead(response)]
  if (head.some(({ rule }) => rule === "headers/status")) return head
  const body = bodyOf(response)
  const { findings, events } = new FramingReader(body, response.end === "end")
  const end = await checkEnd(response, body, events, until)
  return [
    ...head,
    ...checkBody(response, body),
    ...findings,
    ...checkIds(events),
    ...checkArrival(response, events),
    ...end,
  ]
}
