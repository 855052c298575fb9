/* The bodies of scripted responses. Each end of a body, also an abort, releases its source and leaves no listener. */
import { onAbort } from "../internal/abort-listener.ts"
import { cancelQuietly, ignore } from "../internal/cancel.ts"

/** The source of one body. */
export interface BodySource {
  /** Returns the next piece, `undefined` at the end. */
  next(): Promise<Uint8Array | undefined>
  cancel(reason: unknown): unknown
}

/** Returns the pieces of `source` as a body that errors when `signal` aborts. `onOver` is called once, at any end. */
export function bodyOf(
  source: BodySource,
  signal: AbortSignal | undefined,
  onOver: () => void = ignore,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let forget = ignore
  const end = (): void => {
    forget()
    onOver()
  }
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        if (signal === undefined) return
        forget = onAbort(signal, () => {
          end()
          controller.error(signal.reason)
          source.cancel(signal.reason)
        })
      },
      async pull(controller) {
        try {
          const piece = await source.next()
          if (signal?.aborted === true) return
          if (piece !== undefined) return controller.enqueue(piece as Uint8Array<ArrayBuffer>)
          end()
          controller.close()
        } catch (error) {
          end()
          controller.error(error)
        }
      },
      cancel(reason) {
        end()
        source.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** A body that several readers may read, each from its start. */
export class SharedBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  /** The pieces so far, and the one that is being read. */
  readonly #pieces: Promise<Uint8Array | undefined>[] = []
  #readers = 0

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader()
  }

  /** Returns the body for one reader. If the last reader cancels it, the body itself is cancelled. */
  open(): BodySource {
    let at = 0
    this.#readers++
    return {
      next: async () => (this.#pieces[at++] ??= this.#read()),
      cancel: (reason) => {
        if (--this.#readers === 0) cancelQuietly(this.#reader, reason)
      },
    }
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { value } = await this.#reader.read()
    return value
  }
}
