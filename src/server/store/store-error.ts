import { SseError } from "../../errors.ts"

/**
 * An event store refused or failed an operation. The store has not changed, except that with `"store-unavailable"` the
 * operation may have been stored although its answer was lost: repeat it with the same `dedupe`.
 *
 * - `"store-unavailable"`: the store cannot be reached or is closed. Only a closed store is not `retryable`.
 * - `"fenced"`: the lease of the append is not the lease of the log, so the caller is no longer its producer.
 * - `"ended"`: the log has ended, or an append with `mustExist` found no log.
 * - `"limit"`: the events do not fit into the store.
 *
 * @example
 * ```ts
 * import { memoryStore, SseStoreError } from "steadystream/server"
 *
 * const store = memoryStore()
 * await store.append("news", [{ text: "data: last\n\n" }], { end: { status: "done" } })
 * const refused = await store.append("news", [{ text: "data: late\n\n" }]).catch((error: unknown) => error)
 * console.log(refused instanceof SseStoreError && refused.code) // "ended"
 * ```
 */
export class SseStoreError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseStoreError"
  override readonly name = "SseStoreError"
  declare readonly code: "store-unavailable" | "fenced" | "ended" | "limit"

  /**
   * Creates the error of a store.
   *
   * @param options - `retryable` is `true` by default for `"store-unavailable"` and `false` for any other code.
   */
  constructor(
    message: string,
    code: "store-unavailable" | "fenced" | "ended" | "limit",
    options: { readonly cause?: unknown; readonly retryable?: boolean } = {},
  ) {
    super(message, code, options.retryable ?? code === "store-unavailable", options.cause)
  }
}
