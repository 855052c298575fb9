/**
 * Observes the bodies of all event streams that this process reads. The platform's `fetch` is replaced, not passed as an
 * option: for a fetch of the caller, `subscribe` cannot keep headers from another origin at a redirect.
 *
 * @param onChunk - Called with each chunk before it is read; what it returns is waited for.
 */
export function observeBodies(onChunk: (bytes: Uint8Array) => void | Promise<void>): void {
  const platformFetch = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const response = await platformFetch(input, init)
    const { ok, body, status, statusText, headers } = response
    if (!ok || body === null) return response
    const observed = body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        async transform(chunk, controller) {
          await onChunk(chunk)
          controller.enqueue(chunk)
        },
      }),
    )
    return new Response(observed, { status, statusText, headers })
  }
}
