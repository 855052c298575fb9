/* The names of the events that a server of this package writes itself. */

/** The event that reports missed events to a client. */
export const GAP_EVENT = "steadystream.gap"

/** The event that ends a stored answer which is not whole, in no known dialect. */
export const END_EVENT = "steadystream.end"

/** The end of a stored answer that is not whole. */
export interface ReportedEnd {
  /** The status of the answer, `null` if it is none. */
  readonly code: string | null
  /** The server's words, `""` if there are none. */
  readonly message: string
  /** The data as JSON. */
  readonly raw: unknown
}

/** Reads the data of {@link END_EVENT}, whatever it is. */
export function reportedEndOf(data: string): ReportedEnd {
  let raw: unknown
  try {
    raw = JSON.parse(data)
  } catch {
    // It ends the answer nevertheless.
  }
  const { status, detail } = (raw ?? {}) as { readonly status?: unknown; readonly detail?: unknown }
  const code = typeof status === "string" && /^\w{1,20}$/.test(status) ? status : null
  return { code, message: typeof detail === "string" ? detail : "", raw }
}
