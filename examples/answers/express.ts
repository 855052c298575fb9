import express, { type NextFunction, type Request, type Response } from "express"
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
  const { name } = response.locals
  // A page that has some of the answer wants the rest. After `ttl` that is 404, not a second answer.
  if (request.headers["last-event-id"] === undefined) {
    const { messages } = request.body as { messages: unknown }
    await answers.start(name, (signal) => relay((abort) => askProvider(messages, abort), { signal }))
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

// The process is shutting down, or the store is away.
app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (response.headersSent || !SseError.is(error)) next(error)
  else response.set("retry-after", "1").sendStatus(503)
})
