import { isResponse, type SseSource } from "../parser/index.ts"
import type { Attempt, Connect } from "./options.ts"
import { checkStatus } from "./response-policy.ts"
import { connectionError, discardSource, openOrMisuse, type Transport } from "./transport.ts"

/** A transport that is a function of the caller's. */
export function callbackTransport(connect: Connect): Transport {
  return {
    async open(attempt, context) {
      await context.takeTurn()
      const source = await context.interruption.wait(() => callConnect(connect, attempt), discardSource)
      if (!isResponse(source)) {
        return { source: openOrMisuse(source), info: { status: undefined, headers: undefined, url: undefined } }
      }
      return checkStatus(source, context)
    },
  }
}

async function callConnect(connect: Connect, attempt: Attempt): Promise<SseSource> {
  try {
    return await connect(attempt)
  } catch (cause) {
    throw connectionError("the function that connects failed", cause)
  }
}
