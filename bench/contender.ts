/*
 * Law: what a contender is. `run` is what is timed: it reads all chunks with a parser of its own and touches a character
 * of every event's data in a callback of its own, since a callback that two parsers share is inlined into neither.
 */
import type * as Steadystream from "steadystream"

/** Takes an event's name, `undefined` or empty for the default, and its data. */
export type Report = (event: string | undefined, data: string) => void

export interface Contender<Chunk> {
  readonly name: string
  /** What a parser cannot be cheaper than; it reports no events. */
  readonly isFloor?: true
  run(chunks: readonly Chunk[]): number | Promise<number>
  report?(chunks: readonly Chunk[], report: Report): void | Promise<void>
}

/** Some character of `data`, from the middle, so that a rope has to be joined. */
export function touch(data: string): number {
  return data === "" ? 0 : data.charCodeAt(data.length >> 1)
}

/** The package as it is published: the built files by their address, since some runtimes map the name to the sources. */
export const steadystream = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof Steadystream
