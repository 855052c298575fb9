/*
 * The interface of a contender. The timed `run` reads all chunks with a new parser and touches a character of each
 * event's data in its own callback, because a callback that two parsers share is inlined in neither.
 */
import type * as Steadystream from "steadystream"

/** Receives an event's name (`undefined` or empty for the default) and its data. */
export type Report = (event: string | undefined, data: string) => void

export interface Contender<Chunk> {
  readonly name: string
  /** Set if the contender is the least work that a parser must do; it reports no events. */
  readonly isFloor?: true
  run(chunks: readonly Chunk[]): number | Promise<number>
  report?(chunks: readonly Chunk[], report: Report): void | Promise<void>
}

/** Reads a character from the middle of `data`, so that the engine must flatten a concatenated string. */
export function touch(data: string): number {
  return data === "" ? 0 : data.charCodeAt(data.length >> 1)
}

/** The built package, imported by path, because some runtimes map its name to the sources. */
export const steadystream = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof Steadystream
