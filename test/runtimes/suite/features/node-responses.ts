/* sendEventStream, sendChannels and sendAnswer on the runtime's own node:http. */
import { readEvents } from "steadystream"
import { sendAnswer, sendChannels, sendEventStream } from "steadystream/node"
import { createAnswers, createChannels, type Session } from "steadystream/server"
import { equal, rejection } from "../checks.ts"
import { serveOnNode } from "../node-server.ts"
import type { SuiteCases } from "../suite.ts"
import { signalled } from "./responses.ts"

export const nodeResponses: SuiteCases = {
  "sendEventStream sends events at once, with the cursor of the client": async (context) => {
    const goOn = signalled()
    const origin = await serveOnNode(context, (request, response) =>
      sendEventStream(request, response, async function* ({ lastEventId }) {
        yield { id: "é✓", data: `after ${lastEventId}` }
        await goOn.promise
        yield { data: "b" }
      }),
    )
    const bytes = String.fromCharCode(...new TextEncoder().encode("é✓"))
    const data: string[] = []
    for await (const event of readEvents(await fetch(origin, { headers: { "last-event-id": bytes } }))) {
      data.push(event.data)
      goOn.fire()
    }
    equal(data, ["after é✓", "b"])
  },
  "sendEventStream stops its source when the client leaves": async (context) => {
    const stopped = signalled()
    const source = (session: Session) => {
      session.signal.addEventListener("abort", () => stopped.fire())
      void session.send({ data: "a" }).catch(() => {})
    }
    const origin = await serveOnNode(context, (request, response) =>
      sendEventStream(request, response, source, { keepAlive: 50 }),
    )
    const leaving = new AbortController()
    const events = readEvents(await fetch(origin, { signal: leaving.signal }))
    await events.next()
    leaving.abort()
    await rejection(() => events.next())
    await stopped.promise
  },
  "sendEventStream breaks the connection if its source fails": async (context) => {
    const origin = await serveOnNode(context, (request, response) =>
      sendEventStream(
        request,
        response,
        async function* () {
          yield { data: "a" }
          await new Promise((resolve) => void setTimeout(resolve, 20))
          throw new Error("secret")
        },
        { onError: () => {} },
      ),
    )
    const data: string[] = []
    const error = await rejection(async () => {
      for await (const event of readEvents(await fetch(origin))) data.push(event.data)
    })
    equal([error.name, data], ["SseConnectionError", ["a"]])
  },
  "sendChannels and sendAnswer send what is stored": async (context) => {
    const channels = createChannels()
    const answers = createAnswers()
    context.after(() => channels.closeAll({ within: 0 }))
    context.after(() => answers.closeAll({ within: 0 }))
    await channels.publish("news", { data: "a" })
    await (
      await answers.start("1", () => [{ data: "b" }])
    ).ended
    const origin = await serveOnNode(context, (request, response) =>
      request.url === "/news"
        ? sendChannels(channels, request, response, "news", { since: "start" })
        : sendAnswer(answers, request, response, "1"),
    )
    equal((await readEvents(await fetch(`${origin}news`)).next()).value?.data, "a")
    equal((await readEvents(await fetch(`${origin}answer`)).next()).value?.data, "b")
  },
}
