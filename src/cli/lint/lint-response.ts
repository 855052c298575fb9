import { checkArrival } from "./arrival.ts"
import { checkEnd } from "./ending.ts"
import { FramingReader } from "./framing.ts"
import { checkHead } from "./headers.ts"
import { checkIds } from "./ids.ts"
import { bodyOf, type LintedResponse } from "./linted-response.ts"
import type { Finding } from "./rules.ts"

/** Applies every rule to a response. A refused response is not read as a stream. */
export async function lintResponse(response: LintedResponse, until: string | undefined): Promise<Finding[]> {
  const head = [...checkHead(response)]
  if (head.some(({ rule }) => rule === "headers/status")) return head
  const body = bodyOf(response)
  const { findings, events } = new FramingReader(body, response.end === "end")
  const end = await checkEnd(response, body, events, until)
  return [...head, ...findings, ...checkIds(events), ...checkArrival(response, events), ...end]
}
