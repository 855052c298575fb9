import { createServer, type IncomingMessage } from "node:http"
import { createAdaptorServer } from "@hono/node-server"
import { Hono } from "hono"
import { sendEventStream } from "steadystream/node"
import { bytesOf, type WrittenAnswer } from "./written-answer.ts"
import { listen } from "../support/listen.ts"

/** The request of a client. */
interface AnswerRequest {
  readonly path: string
  readonly body: { readonly model: string; readonly messages?: readonly { readonly role: string }[] }
}

type Answerer = (request: AnswerRequest) => WrittenAnswer

/** Starts a server that answers every POST with the result of `answer`, and returns the base URL for a client. */
export type StartAnswerServer = (answer: Answerer) => Promise<string>

async function bodyOf(request: IncomingMessage): Promise<AnswerRequest["body"]> {
  let text = ""
  for await (const piece of request) text += String(piece)
  return JSON.parse(text) as AnswerRequest["body"]
}

/** Serves by node:http and sendEventStream(). */
const startNode: StartAnswerServer = async (answer) => {
  const server = createServer((req, res) => {
    void bodyOf(req).then((body) => {
      const written = answer({ path: req.url!, body })
      return sendEventStream(req, res, written instanceof Response ? bytesOf(written) : written)
    })
  })
  return `${await listen(server)}/v1`
}

/** Serves by a handler that returns a Response. */
const startFetchStyle: StartAnswerServer = async (answer) => {
  const app = new Hono()
  app.post("*", async (context) => {
    const written = answer({ path: context.req.path, body: await context.req.json<AnswerRequest["body"]>() })
    if (written instanceof Response) return written
    return "toResponse" in written
      ? written.toResponse()
      : new Response(written, { headers: { "content-type": "text/event-stream" } })
  })
  return `${await listen(createAdaptorServer({ fetch: app.fetch }))}/v1`
}

export const servers: readonly (readonly [string, StartAnswerServer])[] = [
  ["node:http", startNode],
  ["a fetch-style server", startFetchStyle],
]
