/* The rules of what did not arrive: a response, or a body. Without them, a stream that nothing came from would look good. */
import type { LintedResponse } from "./linted-response.ts"
import type { Finding } from "./rules.ts"

/** Checks a request without a response. One that its reader stopped is no fault of the server. */
export function* checkResponse({ end, code }: LintedResponse): Generator<Finding, undefined> {
  if (end !== "error") return undefined
  const reason = /^\w{1,40}$/.test(code ?? "") ? ` (${code})` : ""
  yield { rule: "arrival/no-response", message: `The request failed before a response arrived${reason}.` }
  return undefined
}

/** Checks that a body has a byte. One that broke has a finding of its own. */
export function* checkBody({ head, end }: LintedResponse, body: Uint8Array): Generator<Finding, undefined> {
  if (body.length > 0 || head?.status === 204 || end === "error") return undefined
  const message =
    end === "end"
      ? "The body is empty, so a reader gets no event and reconnects."
      : "Nothing of the body arrived before the reader stopped, so only the headers were checked."
  yield { rule: "arrival/no-body", message }
  return undefined
}
