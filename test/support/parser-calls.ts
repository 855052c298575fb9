import { SseParser, type SseParserOptions } from "steadystream"

/** A parser, and the calls of all its handlers as text. */
export function recordCalls(options: SseParserOptions = {}): { readonly calls: string[]; readonly parser: SseParser } {
  const calls: string[] = []
  const push = (name: string) => (value: unknown) => void calls.push(`${name} ${JSON.stringify(value)}`)
  const parser = new SseParser({
    onEvent: ({ event, data }) => void calls.push(`${event} ${JSON.stringify(data)}`),
    onComment: push("comment"),
    onRetry: push("retry"),
    onId: push("id"),
    onUnknownLine: push("unknown"),
    ...options,
  })
  return { calls, parser }
}
