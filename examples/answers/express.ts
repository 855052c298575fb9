import express, { type Response } from "express"
import { SseError } from "steadystream"
import { sendAnswer } from "steadystream/node"
import { relay } from "steadystream/openai"
import { answers, askProvider, nameOf } from "./app.ts"

type Reply = Response<unknown, { name: string }>

export const app = express()

app.use("/api/answers/:id", (request, response: Reply, next) => {
  const name = nameOf(request.headers.cookie, request.params.id)
  if (name === undefined) {
    response.sendStatus(403)
  } else {
    response.locals.name = name
    next()
  }
})

app.post("/api/answers/:id", express.json(), async (request, response: Reply) => {
  const { messages } = request.body as { messages: unknown }
  const { name } = response.locals
  try {
    await answers.start(name, (signal) => relay((abort) => askProvider(messages, abort), { signal }))
  } catch (error) {
    if (!SseError.is(error)) throw error
    // This process is shutting down, or cannot reach the store.
    response.set("retry-after", "1").sendStatus(503)
    return
  }
  await sendAnswer(answers, request, response, name)
})

app.get("/api/answers/:id", async (request, response: Reply) => {
  await sendAnswer(answers, request, response, response.locals.name)
})

app.delete("/api/answers/:id", async (_request, response: Reply) => {
  await answers.cancel(response.locals.name, "stopped by the user")
  response.sendStatus(204)
})
