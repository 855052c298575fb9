/* A provider that streams tokens of a chat at a constant rate. The content of each token is when it was sent. */
import { sleep, stamp } from "../stamp.ts"

export interface TokenRate {
  readonly tokens: number
  /** Tokens per second. */
  readonly rate: number
}

const CONTENT = /"content":"(\d+\.\d{3})"/g

/** The event of one token, as OpenAI writes it. */
function blockOf(content: string): string {
  const choices = `[{"index":0,"delta":{"content":"${content}"},"logprobs":null,"finish_reason":null}]`
  const head = `"id":"chatcmpl-AnswerOfTheLoadTest0123","object":"chat.completion.chunk","created":1764000000`
  return `data: {${head},"model":"gpt-4o-2024-08-06","service_tier":"default","choices":${choices}}\n\n`
}

/** The text of an answer, token by token, with its end. */
export async function* tokenBlocks({ tokens, rate }: TokenRate): AsyncGenerator<string, void, undefined> {
  const start = stamp()
  for (let count = 0; count < tokens; count++) {
    const wait = start + (count * 1_000) / rate - stamp()
    if (wait > 0) await sleep(wait)
    yield blockOf(stamp().toFixed(3))
  }
  yield blockOf("end").replace('"finish_reason":null', '"finish_reason":"stop"')
  yield "data: [DONE]\n\n"
}

/** Reads an answer, in which tokens are not cut; calls back with the milliseconds that each token took. */
export async function readTokens(blocks: AsyncIterable<string>, onToken: (ms: number) => void): Promise<void> {
  for await (const text of blocks) {
    const now = stamp()
    for (const [, sent] of text.matchAll(CONTENT)) onToken(now - Number(sent))
  }
}
