import { expect, test } from "vitest"
import type * as Program from "./react-native-main.ts"
import { type PhoneAnswer, type PhoneNetwork, runOnPhone } from "../support/phone-realm.ts"

const entry = "test/runtimes/react-native-main.ts"

async function start(answers: PhoneAnswer[], globals: Record<string, unknown> = {}) {
  const network: PhoneNetwork = { answers: [...answers], requests: [] }
  return { phone: await runOnPhone<typeof Program>(entry, network, globals), requests: network.requests }
}

/** A decoder that refuses every option that small ones do not have. */
class SmallTextDecoder {
  constructor(_label: string, { fatal }: TextDecoderOptions = {}) {
    if (fatal) throw new RangeError("not supported")
  }

  decode(bytes: Uint8Array, options?: TextDecodeOptions): string {
    if (options?.stream) throw new RangeError("not supported")
    return Buffer.from(bytes).toString()
  }
}

/** A response whose body has only a reader, without the rest of a stream. */
function readerResponse(...pieces: string[]) {
  const chunks = pieces.map((piece) => Uint8Array.from(Buffer.from(piece)))
  const read = async () => ({ done: chunks.length === 0, value: chunks.shift() })
  const body = { getReader: () => ({ read, cancel: async () => {}, releaseLock() {} }) }
  const headers = new Headers({ "content-type": "text/event-stream" })
  return { status: 200, ok: true, url: "", headers, bodyUsed: false, body } as unknown as Response
}

/** React Native before it had a signal with a reason. */
class OldAbortController extends AbortController {
  override abort(): void {
    Object.defineProperty(this.signal, "reason", { value: undefined })
    super.abort()
  }
}

test("SseParser and encodeEvent() need no global", async () => {
  const { phone } = await start([])
  expect(phone.parse()).toEqual(["é"])
})

test("readEvents() reads text while it arrives at an XMLHttpRequest", async () => {
  const { phone } = await start([{ pieces: ["data: o", "ne\n\nda", "ta: two\n\n"] }])
  expect(await phone.read()).toEqual(["one", "two"])
})

test("readEvents() names what is missing in a response of React Native's own fetch", async () => {
  const { phone } = await start([])
  expect(await phone.readPlatformFetch()).toContain(
    "this platform's responses have no body stream; pass a stream or text",
  )
})

test("readEvents() of bytes names TextDecoder if it is missing", async () => {
  const { phone } = await start([])
  expect(await phone.readFailure([Uint8Array.of(0x64)])).toContain("the platform must have TextDecoder; pass text")
})

test("readEvents() reads a body that has only a reader, with a decoder without options", async () => {
  const { phone } = await start([], { TextDecoder: SmallTextDecoder })
  expect(await phone.read(readerResponse("data: ", "é\n\n"))).toEqual(["é"])
})

test("readEvents() rejects with an AbortError if the signal has no reason and there is no DOMException", async () => {
  const { phone, requests } = await start([{ pieces: ["data: a\n\n"], staysOpen: true }], {
    AbortController: OldAbortController,
  })
  expect(await phone.readUntilAbort()).toMatch(/^AbortError/)
  expect(requests[0]!.isAborted).toBe(true)
})

test("readEvents() with a contract rejects with an AbortError if the signal has no reason", async () => {
  const { phone } = await start([], { AbortController: OldAbortController })
  expect(await phone.validateUntilAbort()).toMatch(/^AbortError/)
})

test("subscribe() reconnects over XMLHttpRequest and sends the last event ID", async () => {
  const { phone, requests } = await start([
    { pieces: ["id: é\ndata: a\n\n"] },
    { status: 503, pieces: [] },
    { pieces: ["data: b\n\n", "data: end\n\n"] },
  ])
  expect(await phone.follow()).toEqual(["a", "b", "no failure"])
  expect(requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "Ã©", "Ã©"])
})

test("subscribe() adds the last event ID to the query of React Native's URL", async () => {
  const { phone, requests } = await start([{ pieces: ["id: 7\ndata: a\n\n"] }, { pieces: ["data: end\n\n"] }])
  await phone.follow({ lastEventIdParam: "after" })
  expect(requests.map(({ url }) => url)).toEqual(["http://my-api:3000/feed?a=1", "http://my-api:3000/feed?a=1&after=7"])
})

test("subscribe() of bytes fails once and for all if TextDecoder is missing", async () => {
  const { phone } = await start([])
  let calls = 0
  const fetch = async () => {
    calls++
    return readerResponse("data: a\n\n")
  }
  const outcome = await phone.follow({ fetch })
  expect(outcome.join()).toContain("the platform must have TextDecoder; pass text")
  expect(calls).toBe(1)
})

test("readChatCompletions() reads text over XMLHttpRequest", async () => {
  const piece = (content: string, finish_reason: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`
  const { phone } = await start([{ pieces: [piece("Hel", null), piece("lo", "stop"), "data: [DONE]\n\n"] }])
  expect(await phone.chat()).toEqual(["Hel", "lo", "7", "no failure"])
})

test("readChatCompletions() reports the provider's error from a body of text", async () => {
  const body = JSON.stringify({ error: { message: "no such model", code: "model_not_found" } })
  const { phone } = await start([{ status: 404, type: "application/json", pieces: [body] }])
  const [id, failure] = await phone.chat()
  expect([id, failure]).toEqual(["7", expect.stringContaining("404")])
})

test("collect() of a cancelled stream rejects with an AbortError without DOMException", async () => {
  const { phone, requests } = await start([{ pieces: [": hi\n\n"], staysOpen: true }])
  expect(await phone.cancelChat()).toMatch(/^AbortError/)
  expect(requests[0]!.isAborted).toBe(true)
})

test("EventSource dispatches events with the members of a MessageEvent if there is no such class", async () => {
  const { phone } = await start([{ pieces: ["id: 7\ndata: a\n\n"], staysOpen: true }], { Event, EventTarget })
  expect(await phone.listen()).toEqual(["message", "a", "7", "https://example.com"])
})

test("EventSource names EventTarget if it is missing", async () => {
  const { phone } = await start([])
  expect(await phone.listenFailure()).toContain("the platform must have EventTarget")
})
