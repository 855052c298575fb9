import type { SseEventInit } from "../event.ts"
import { encodeEvent } from "./encode-event.ts"

/**
 * Encodes events as a pair of WHATWG streams for `pipeThrough`, from events to UTF-8 bytes, one chunk per event.
 *
 * An event that cannot be encoded errors both streams with the error of {@link encodeEvent}; no part of it is written.
 *
 * @see https://streams.spec.whatwg.org/#generictransformstream
 * @example
 * ```ts
 * import { SseEncoderStream } from "steadystream"
 *
 * const events = new ReadableStream({
 *   start(controller) {
 *     controller.enqueue({ data: "hello" })
 *     controller.close()
 *   },
 * })
 * const body = events.pipeThrough(new SseEncoderStream())
 * console.log(await new Response(body).text()) // "data: hello\n\n"
 * ```
 */
export class SseEncoderStream {
  /** Returns the bytes. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /** Accepts the events. */
  readonly writable: WritableStream<SseEventInit>

  /** Makes the pair. */
  constructor() {
    const encoder = new TextEncoder()
    const { readable, writable } = new TransformStream<SseEventInit, Uint8Array<ArrayBuffer>>({
      transform(event, controller) {
        controller.enqueue(encoder.encode(encodeEvent(event)))
      },
    })
    this.readable = readable
    this.writable = writable
  }
}
