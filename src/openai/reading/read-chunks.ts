import type { ChunkDialect } from "./chunk-dialect.ts"
import { openChunks } from "./chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "./chunk-stream.ts"

/**
 * Reads a stream of one JSON object per event in any other dialect, which `dialect` describes, with the guarantees of
 * the readers of this package: one outcome, deadlines, limits, errors with the partial answer.
 *
 * @throws TypeError at once, where the source is none or its body is locked.
 * @throws {@link SseError} from the iteration, as from {@link readChatCompletions}.
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
  return openChunks(source, dialect, options)
}
