import { subscribe } from "steadystream/client"
import { SseResponseError } from "steadystream"
import { consume } from "../support/consumer.ts"

addEventListener("message", (event: MessageEvent<string>) => {
  void answer(event.data).then((result) => postMessage(result))
})

async function answer(url: string): Promise<unknown> {
  const { data, outcome } = consume(subscribe(url, { retry: { initialDelay: 0, jitter: false } }))
  const end = await outcome
  const missing = await consume(subscribe("./no-such-stream-here.json?status=404")).outcome
  const relative =
    missing instanceof SseResponseError ? { code: missing.code, status: missing.status } : String(missing)
  return { data, outcome: end, relative }
}
