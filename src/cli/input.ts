/* Reads a file, or the input of the process, to its end. The end of the command never waits for what is not written yet. */
import { constants, openSync } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { Socket } from "node:net"
import process from "node:process"
import { addAbortSignal, type Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { isatty, ReadStream } from "node:tty"
import { UsageError } from "./usage-error.ts"

/** The operand that stands for the input of the process, or for its output. */
export const STANDARD = "-"

let isInputRead = false

/**
 * Reads a file, or the input of the process if `path` is `-`.
 *
 * @throws UsageError if `path` is a URL, or if the input is read a second time; else the error of the system.
 */
export async function readInput(path: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  // A URL may hold a key, which no message quotes.
  if (/^\w+:\/\//.test(path)) throw new UsageError("FILE must be a path, not a URL")
  if (path === STANDARD && isInputRead) throw new UsageError("the input must be read only once")
  isInputRead ||= path === STANDARD
  try {
    return await contentOf(path, signal)
  } catch (error) {
    // The error of a read has no path.
    throw error instanceof Error && path !== STANDARD ? Object.assign(error, { path }) : error
  }
}

async function contentOf(path: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const stream = path === STANDARD ? process.stdin : await waitingStream(path)
  if (stream === undefined) return new Uint8Array(await readFile(path, { signal }))
  return new Uint8Array(await buffer(addAbortSignal(signal, stream)))
}

/** The stream of a FIFO or a terminal. To open a FIFO blocks a thread of Node, and then Node cannot exit. */
async function waitingStream(path: string): Promise<Readable | undefined> {
  const found = await stat(path)
  if (!found.isFIFO() && !found.isCharacterDevice()) return undefined
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (found.isFIFO()) return new Socket({ fd, writable: false })
  return isatty(fd) ? new ReadStream(fd) : undefined
}
