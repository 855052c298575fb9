import { createServer, type Server } from "node:http"
import { connect, createServer as createHttp2Server } from "node:http2"
import { getRequestListener } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { sendAnswer } from "steadystream/node"
import { type AnswersOptions, createAnswers } from "steadystream/server"
import { expect, onTestFinished, test, vi } from "vitest"
import { TestSource } from "../support/answer-client.ts"
import { listen } from "../support/listen.ts"
import { quickEventSource } from "../support/quick-event-source.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

failOnUnhandledRejections()

const ALL = ["a", "b", "c", "d", "e", "f"]

function answersOfTest(options: AnswersOptions = {}) {
  const answers = createAnswers({ keepAlive: 100, ...options })
  onTestFinished(() => answers.closeAll({ within: 0, retry: 1 }))
  return answers
}

type TestAnswers = ReturnType<typeof answersOfTest>

const pathOf = ({ url }: { readonly url?: string | undefined }) => new URL(url!, "http://x").pathname.slice(1)

/** Serves the answers of a path on a server of one kind. */
const servers: Record<string, (answers: TestAnswers) => Server> = {
  "node:http": (answers) => createServer((req, res) => void sendAnswer(answers, req, res, pathOf(req))),
  express: (answers) => {
    const app = express()
    app.get("/:id", (req, res) => sendAnswer(answers, req, res, req.params.id))
    return createServer(app)
  },
  fastify: (answers) => {
    const app = fastify()
    app.get<{ Params: { id: string } }>("/:id", async (request, reply) => {
      await sendAnswer(answers, request, reply, request.params.id)
    })
    void app.ready()
    return app.server
  },
  hono: (answers) => {
    const app = new Hono()
    app.get("/:id", (context) => answers.respond(context.req.raw, context.req.param("id")))
    return createServer((req, res) => void getRequestListener(app.fetch)(req, res))
  },
}

async function serve(kind: string, options: AnswersOptions = {}) {
  const answers = answersOfTest(options)
  const server = servers[kind]!(answers)
  return { answers, server, origin: await listen(server) }
}

/** Reads an answer with `subscribe`; returns what came so far, and the promise of the end. */
function subscribed(url: string) {
  const seen: string[] = []
  const read = async () => {
    for await (const { event, data } of subscribe(url, { retry: { initialDelay: 1, maxDelay: 5 } })) {
      seen.push(event === "message" ? data : `${event} ${data}`)
    }
  }
  return { seen, ended: read() }
}

/** Reads an answer with an EventSource of the package `eventsource`; it ends with the status 204. */
function sourced(url: string) {
  const seen: string[] = []
  const EventSource = quickEventSource(fetch)
  const source = new EventSource(url)
  onTestFinished(() => source.close())
  source.addEventListener("message", ({ data }) => void seen.push(data as string))
  source.addEventListener("steadystream.end", ({ data }) => void seen.push(`steadystream.end ${data}`))
  return { seen, ended: vi.waitFor(() => expect(source.readyState).toBe(2)) }
}

const patiently = { timeout: 30_000, interval: 2 }

test.each(Object.keys(servers))("sendAnswer serves %s, and clients that are cut go on until the end", async (kind) => {
  const { answers, server, origin } = await serve(kind)
  const source = new TestSource()
  const answer = await answers.start("42", source.make)
  const clients = [subscribed(`${origin}/42`), sourced(`${origin}/42`)]
  await vi.waitFor(() => expect(answers.stats().sessions).toBe(2), patiently)
  for (const [at, data] of ALL.entries()) {
    source.push(data)
    await vi.waitFor(() => expect(clients.map(({ seen }) => seen.length)).toEqual([at + 1, at + 1]), patiently)
    if (at % 2 === 0) server.closeAllConnections()
  }
  source.end()
  expect(await answer.ended).toMatchObject({ status: "done" })
  for (const { seen, ended } of clients) {
    await ended
    expect(seen).toEqual(ALL)
  }
  await vi.waitFor(() => expect(answers.stats().sessions).toBe(0), patiently)
})

test.each(Object.keys(servers))(
  "sendAnswer on %s sends the end of a cancelled answer once, and then 204",
  async (kind) => {
    const { answers, origin } = await serve(kind)
    const answer = await answers.start("42", new TestSource().push("a").make)
    const clients = [subscribed(`${origin}/42`), sourced(`${origin}/42`)]
    await vi.waitFor(() => expect(clients.map(({ seen }) => seen.length)).toEqual([1, 1]), patiently)
    await answer.cancel("stop")
    const end = 'steadystream.end {"status":"cancelled","detail":"stop"}'
    for (const { seen, ended } of clients) {
      await ended
      expect(seen).toEqual(["a", end])
    }
    const late = subscribed(`${origin}/42`)
    await late.ended
    expect(late.seen).toEqual(["a", end])
  },
)

test.each(Object.keys(servers))("sendAnswer on %s answers the statuses and headers of respond()", async (kind) => {
  const { answers, origin } = await serve(kind, { maxSessions: 1 })
  await answers.start("42", new TestSource().push("a").make)
  await (
    await answers.start("43", () => [{ data: "a" }])
  ).ended
  const unknown = await fetch(`${origin}/44`)
  expect([unknown.status, unknown.headers.get("cache-control"), await unknown.text()]).toEqual([404, "no-store", ""])
  const response = await fetch(`${origin}/42`)
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"])
  expect([response.headers.get("cache-control"), response.headers.get("incremental")]).toEqual([
    "no-store, no-transform",
    "?1",
  ])
  const refused = await fetch(`${origin}/43`)
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"])
  await response.body!.cancel()
  await vi.waitFor(() => expect(answers.stats().sessions).toBe(0), patiently)
  const whole = await fetch(`${origin}/43`)
  const [event] = await Array.fromAsync(readEvents(whole))
  const over = await fetch(`${origin}/43`, { headers: { "last-event-id": event!.id! } })
  expect([over.status, await over.text()]).toEqual([204, ""])
  const byQuery = await fetch(`${origin}/43?lastEventId=${event!.id}`)
  expect(byQuery.status).toBe(204)
  const head = await fetch(`${origin}/43`, { method: "HEAD" })
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"])
  const missing = await fetch(`${origin}/unknown`, { method: "HEAD" })
  expect(missing.status).toBe(404)
})

test("sendAnswer serves node:http2, and a client that resets its stream changes nothing", async () => {
  const answers = answersOfTest()
  const server = createHttp2Server((req, res) => void sendAnswer(answers, req, res, req.url.slice(1)))
  const client = connect(await listen(server))
  onTestFinished(() => client.destroy())
  const source = new TestSource().push("a")
  const answer = await answers.start("42", source.make)
  const open = (headers: Record<string, string> = {}) => {
    const stream = client.request({ ":path": "/42", ...headers })
    const state = { stream, text: "", status: 0, ended: false }
    stream.on("response", (given) => void (state.status = given[":status"]!))
    stream.on("data", (chunk: Buffer) => void (state.text += chunk.toString()))
    stream.on("end", () => void (state.ended = true))
    stream.on("error", () => {})
    return state
  }
  const [stays, leaves] = [open(), open()]
  await vi.waitFor(() => expect([stays.text, leaves.text].every((text) => text.includes("data: a"))).toBe(true))
  leaves.stream.close(8)
  await vi.waitFor(() => expect(answers.stats().sessions).toBe(1))
  source.push("b").end()
  const { last } = await answer.ended
  await vi.waitFor(() => expect(stays.ended).toBe(true))
  expect([stays.status, stays.text.endsWith(`id: ${last}\ndata: b\n\n`)]).toEqual([200, true])
  const over = open({ "last-event-id": last })
  await vi.waitFor(() => expect(over.status).toBe(204))
})

test("sendAnswer resolves when the client has left or the answer has ended", async () => {
  const answers = answersOfTest()
  const outcomes: string[] = []
  const origin = await listen(
    createServer((req, res) => {
      const sent = sendAnswer(answers, req, res, "42")
      sent.then(
        () => outcomes.push("over"),
        () => outcomes.push("failed"),
      )
    }),
  )
  const source = new TestSource().push("a")
  await answers.start("42", source.make)
  const leaving = await fetch(origin)
  await leaving.body!.cancel()
  await vi.waitFor(() => expect(outcomes).toEqual(["over"]))
  const staying = await fetch(origin)
  source.end()
  await staying.text()
  await vi.waitFor(() => expect(outcomes).toEqual(["over", "over"]))
})

test("sendAnswer rejects what is no answers, and arguments that are not valid, before the response begins", async () => {
  const answers = answersOfTest()
  const failures: unknown[] = []
  const origin = await listen(
    createServer((req, res) => {
      const wrong = (value: unknown): never => value as never
      const calls = [
        () => sendAnswer(wrong({}), req, res, "42"),
        () => sendAnswer(wrong(undefined), req, res, "42"),
        () => sendAnswer(answers, req, res, ""),
        () => sendAnswer(answers, req, res, "42", wrong({ onOpen: () => {} })),
        () => sendAnswer(answers, wrong(undefined), res, "42"),
        () => sendAnswer(answers, wrong(res), wrong(req), "42"),
      ]
      void (async () => {
        for (const call of calls) failures.push(await call().catch((error: unknown) => error))
        res.end(res.headersSent ? "sent" : "free")
      })()
    }),
  )
  expect(await (await fetch(origin)).text()).toBe("free")
  expect(failures.map((error) => (error as Error).message)).toEqual([
    "Cannot send answer: the answers must be made by createAnswers()",
    "Cannot send answer: the answers must be made by createAnswers()",
    "Cannot use answer: its ID must be a string that is not empty",
    expect.stringContaining('"onOpen" is unknown'),
    ...Array<string>(2).fill("Cannot send event stream: there must be a request and a response of Node, in this order"),
  ])
})
