import { orCancel } from "../../internal/cancel.ts"
import { checkOptions } from "../../internal/option-checks.ts"
import { openBody } from "./body.ts"
import type { ChunkDialect } from "./chunk-dialect.ts"
import { openChunks } from "./chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "./chunk-stream.ts"

/**
 * Reads a stream with one JSON object per event in a dialect of the caller.
 *
 * It has the guarantees of {@link readChatCompletions}: exactly one outcome, deadlines, limits, and errors with the partial
 * answer. The chunks are the payloads, unless `dialect.decode` returns something else.
 *
 * @typeParam T - The type of the chunks.
 * @typeParam S - The type of the snapshot that `dialect.accumulate` builds.
 * @throws TypeError at once if `source` is not a source of chunks, or its body is locked or used.
 * @throws RangeError at once if a timeout is NaN or negative, or a limit is less than 1.
 * @throws {@link SseError} from the iteration, the same errors as from {@link readChatCompletions}.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * @example
 * ```ts
 * import { readChunks } from "steadystream/openai"
 *
 * const count = { value: 0, push: () => void count.value++, missing: (sawEnd: boolean) => (sawEnd ? null : "the end") }
 * const stream = readChunks<{ n: number }, number>('data: {"n":1}\n\ndata: END\n\n', {
 *   name: "numbers",
 *   sentinel: "END",
 *   accumulate: () => count,
 * })
 * for await (const { n } of stream) console.log(n) // 1
 * ```
 */
export function readChunks<T extends object, S>(
  source: ChunkSource,
  dialect: ChunkDialect<T, S>,
  options: ReadChunksOptions = {},
): ChunkStream<T, S> {
  const check = () => {
    checkOptions({ dialect }, { dialect: "a dialect, with accumulate()" })
    if (!dialect) throw new TypeError("Cannot read chunks: there must be a dialect")
  }
  orCancel(check, () => openBody(source as string))
  return openChunks(source, dialect, options)
}
