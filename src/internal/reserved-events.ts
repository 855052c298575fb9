/* The names of the events that a server of this package writes itself. */

/** The event that reports missed events to a client. */
export const GAP_EVENT = "steadystream.gap"

/** The event that ends a stored answer which is not whole, in no known dialect. */
export const END_EVENT = "steadystream.end"
