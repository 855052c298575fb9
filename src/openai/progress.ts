import type { ResponseCursor } from "./chunk-protocol.ts"
import type { EndInfo, EndReason } from "./chunk-stream.ts"

/** How far a stream has come, and what its outcome says of that. */
export class Progress {
  /** When somebody waited for a chunk for the first time, `undefined` before. */
  startedAt: number | undefined = undefined
  connectMs: number | null = null
  firstContentMs: number | null = null
  chunks = 0
  bytes = 0

  since(now: number): number {
    return this.startedAt === undefined ? 0 : now - this.startedAt
  }

  outcome(
    now: number,
    end: { reason: EndReason; error: unknown; sawDone: boolean; cursor: ResponseCursor | null },
  ): EndInfo {
    const { chunks, bytes, connectMs, firstContentMs } = this
    return { ...end, chunks, bytes, connectMs, firstContentMs, durationMs: this.since(now) }
  }
}
