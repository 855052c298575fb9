import { cancelQuietly } from "../../internal/cancel.ts"

/** What happens to a body. */
export interface BodyEvents {
  onChunk(bytes: Uint8Array): void
  onEnd(): void
  onError(error: unknown): void
  /** Its reader stopped reading it. */
  onCancel(): void
}

/** Returns a stream of the same chunks, which is read as fast as its reader reads and reports what happens. */
export function recordedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  events: BodyEvents,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  let isCancelled = false
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          // The reader of the copy has left while this waited.
          if (isCancelled) return
          if (done) {
            events.onEnd()
            controller.close()
          } else {
            events.onChunk(value)
            controller.enqueue(value)
          }
        } catch (error) {
          if (isCancelled) return
          events.onError(error)
          controller.error(error)
        }
      },
      cancel(reason) {
        isCancelled = true
        events.onCancel()
        cancelQuietly(reader, reason)
      },
    },
    { highWaterMark: 0 },
  )
}
