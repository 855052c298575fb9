import { EventEmitter } from "node:events"
import { expect, test, vi } from "vitest"
import type { SseEventInit } from "steadystream"
import { sendChannels, sendEventStream } from "steadystream/node"
import { createChannels, type Session } from "steadystream/server"
import { settle } from "../support/streams.ts"

const request = { method: "GET", headers: {} }

/** The part of a node:http response that the package uses, without a socket. */
function responseLike(members: object = {}) {
  const state = { headersSent: false, writableEnded: false, destroyed: false }
  const methods = { setHeader() {}, removeHeader() {}, writeHead() {}, write: () => true, end() {}, destroy() {} }
  return Object.assign(new EventEmitter(), state, methods, members)
}

async function* count(to: number): AsyncGenerator<SseEventInit> {
  for (let n = 1; n <= to; n++) yield { id: `${n}`, data: `${n}` }
}

const settled = () => settle(10)

test.each([
  ["has ended", { writableEnded: true }],
  ["is destroyed", { destroyed: true }],
  ["has lost its http2 stream", { stream: { destroyed: true } }],
])("sendEventStream() never starts the source of a response that %s", async (_, members) => {
  const source = vi.fn<() => void>()
  expect(await sendEventStream(request, responseLike(members), source)).toBe(undefined)
  expect(source).not.toHaveBeenCalled()
})

test("sendEventStream() stops the source at an 'error' event of the response, which ends no process", async () => {
  const response = responseLike()
  let session: Session | undefined
  const sent = sendEventStream(request, response, (given) => void (session = given))
  await vi.waitFor(() => expect(session).toBeDefined())
  response.emit("error", new Error("EPIPE"))
  await sent
  expect(session!.state).toBe("closed")
})

test("sendEventStream() resolves when the response has finished, not when end() was called", async () => {
  const end = vi.fn<() => void>()
  const response = responseLike({ end })
  let resolved = false
  const sent = sendEventStream(request, response, count(1)).then(() => (resolved = true))
  await vi.waitFor(() => expect(end).toHaveBeenCalled())
  await settled()
  expect(resolved).toBe(false)
  response.emit("finish")
  await sent
})

test("sendEventStream() stops the source and rejects if the headers cannot be sent", async () => {
  const cancel = vi.fn<() => void>()
  const response = responseLike({
    writeHead() {
      throw new Error("no head")
    },
  })
  await expect(sendEventStream(request, response, new ReadableStream({ cancel }))).rejects.toThrow("no head")
  await settled()
  expect(cancel).toHaveBeenCalledTimes(1)
  expect(response.eventNames()).toEqual([])
})

test("sendEventStream() sends each cookie separately, and no content length that was set before", async () => {
  const setHeader = vi.fn<(name: string, value: unknown) => void>()
  const removeHeader = vi.fn<(name: string) => void>()
  const headers = new Headers([
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ])
  const response = responseLike({ setHeader, removeHeader, writableEnded: false })
  const sent = sendEventStream(request, response, count(1), { headers })
  expect(setHeader.mock.calls.filter(([name]) => name === "set-cookie")).toEqual([["set-cookie", ["a=1", "b=2"]]])
  expect(removeHeader.mock.calls).toEqual([["content-length"]])
  response.emit("close")
  await sent
})

test("sendEventStream() leaves no listener on its signal when it has settled", async () => {
  const { signal } = new AbortController()
  const add = vi.spyOn(signal, "addEventListener")
  const remove = vi.spyOn(signal, "removeEventListener")
  const response = responseLike()
  const sent = sendEventStream(request, response, count(1), { signal })
  response.emit("close")
  await sent
  await settled()
  expect(add).toHaveBeenCalled()
  expect(remove.mock.calls).toEqual(add.mock.calls)
})

/** A pipelined response on Node 20, which emits no 'close' when its client leaves. */
function pipelined() {
  const socket = Object.assign(new EventEmitter(), { destroyed: false })
  const leave = () => {
    socket.destroyed = true
    socket.emit("close")
  }
  const respond = () => responseLike({ socket: null })
  return { queued: { ...request, socket }, respond, socket, leave }
}

test("sendEventStream() stops the responses that wait for a socket, by one listener, when the socket closes", async () => {
  const { queued, respond, socket, leave } = pipelined()
  const sessions: Session[] = []
  const source = (session: Session) => void sessions.push(session)
  const sent = [1, 2, 3].map(() => sendEventStream(queued, respond(), source))
  await vi.waitFor(() => expect(sessions).toHaveLength(3))
  expect(socket.listenerCount("close")).toBe(1)
  leave()
  await Promise.all(sent)
  expect(sessions.map(({ state }) => state)).toEqual(["closed", "closed", "closed"])
  await sendEventStream(queued, respond(), source)
  expect(sessions).toHaveLength(3)
})

test("sendEventStream() settles at its signal if a broken response has no close event", async () => {
  const { queued, respond } = pipelined()
  const stop = new AbortController()
  const response = Object.assign(respond(), { write: () => false })
  const sent = sendEventStream(queued, response, count(9), { signal: stop.signal })
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  expect(await sent).toBe(undefined)
})

test("sendEventStream() writes nothing after someone else has ended the response", async () => {
  const response = responseLike()
  const write = vi.spyOn(response, "write")
  const onError = vi.fn<(error: unknown) => void>()
  async function* source() {
    await settled()
    write.mockClear()
    response.writableEnded = true
    yield { data: "late" }
    throw new Error("source")
  }
  await sendEventStream(request, response, source(), { onError })
  expect(write).not.toHaveBeenCalled()
})

test("sendChannels() breaks a response whose write() throws, and the others get every event", async () => {
  const channels = createChannels()
  const good = responseLike()
  const write = vi.spyOn(good, "write")
  const destroy = vi.fn<() => void>()
  const bad = responseLike({ destroy })
  const sent = sendChannels(channels, request, bad, "news")
  void sendChannels(channels, request, good, "news")
  await settled()
  vi.spyOn(bad, "write").mockImplementation(() => {
    throw new Error("broken")
  })
  write.mockClear()
  await channels.publish("news", { data: "1" })
  expect(write).toHaveBeenCalledTimes(1)
  await sent
  expect(destroy).toHaveBeenCalledTimes(1)
  expect(channels.size()).toBe(1)
  await channels.closeAll()
})

test.each<[string, unknown, unknown]>([
  ["swapped", responseLike(), request],
  ["missing", undefined, undefined],
  ["objects whose raw is missing", { raw: null }, { raw: undefined }],
])("sendEventStream() and sendChannels() reject a request and a response that are %s", async (_, req, res) => {
  const message = "Cannot send event stream: there must be a request and a response of Node, in this order"
  const channels = createChannels()
  for (const send of [
    sendEventStream(req as never, res as never, []),
    sendChannels(channels, req as never, res as never, "a"),
  ]) {
    await expect(send).rejects.toThrow(new TypeError(message))
  }
})
