/* A provider's stream on its way to a client: from the fixture server, and through a server of the runtime. */
import { readChatCompletions, relay } from "steadystream/openai"
import { GATE } from "../../../eventsource/script.ts"
import { equal, ok, rejection } from "../checks.ts"
import { ANSWER_TEXT, CHAT, CHAT_OPEN } from "../chunk-bodies.ts"
import type { SuiteCases, SuiteContext } from "../suite.ts"

type Script = Parameters<SuiteContext["script"]>[0]

async function provide({ script }: SuiteContext, replies: Script) {
  const played = await script(replies)
  return { ...played, ask: (signal: AbortSignal) => fetch(played.url, { signal }) }
}

async function textOf(source: Parameters<typeof readChatCompletions>[0]): Promise<string> {
  let text = ""
  for await (const piece of readChatCompletions(source).textDeltas()) text += piece
  return text
}

export const relayCases: SuiteCases = {
  "relay forwards an answer whole, and folds it into its snapshot": async (context) => {
    const { ask } = await provide(context, [{ body: [CHAT.slice(0, 300), CHAT.slice(300)] }])
    const answer = relay(ask)
    equal(await textOf(answer.toResponse()), ANSWER_TEXT)
    equal([(await answer.ended).reason, answer.snapshot.choices[0]?.content], ["done", ANSWER_TEXT])
  },
  "relay ends a cut answer with an error event, and never with the end mark": async (context) => {
    for (const ending of ["end", "reset"] as const) {
      const { ask } = await provide(context, [{ body: [CHAT_OPEN], ending }])
      const errors: unknown[] = []
      const text = await relay(ask, { onError: (error) => void errors.push(error) })
        .toResponse()
        .text()
      ok(!text.includes("[DONE]"), "there is no end mark")
      equal((await rejection(() => readChatCompletions([text]).collect())).code, "provider")
      equal(errors.length, 1)
    }
  },
  "relay asks the provider only when its body is read, and aborts the request when that is cancelled": async (
    context,
  ) => {
    const { ask, seen, closed } = await provide(context, [{ body: [CHAT_OPEN], ending: "hold" }])
    const answer = relay(ask)
    const reader = answer.toResponse().body!.getReader()
    await reader.read()
    equal((await seen(1)).length, 1)
    await reader.cancel()
    await closed(1)
    equal((await answer.ended).reason, "cancelled")
  },
  "relay serves an answer piece by piece": async (context) => {
    const { ask, pass } = await provide(context, [{ body: [CHAT_OPEN, GATE, CHAT.slice(CHAT_OPEN.length)] }])
    const origin = await context.serve((request) => {
      return relay(ask, { signal: request.signal }).toResponse()
    })
    let text = ""
    for await (const piece of readChatCompletions(await fetch(origin)).textDeltas()) {
      text += piece
      // The rest comes only after the client has the first pieces.
      if (text === ANSWER_TEXT) await pass()
    }
    equal(text, ANSWER_TEXT)
  },
  "relay aborts the provider's request when the client of its server leaves": async (context) => {
    const { ask, closed } = await provide(context, [{ body: [CHAT_OPEN], ending: "hold" }])
    const origin = await context.serve((request) => relay(ask, { signal: request.signal }).toResponse())
    const leaving = new AbortController()
    const reader = (await fetch(origin, { signal: leaving.signal })).body!.getReader()
    await reader.read()
    leaving.abort()
    await closed(1)
  },
}
