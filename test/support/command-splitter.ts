/* Splits what a Redis client sends into its commands, whatever the chunks are. */

const CR = 0x0d

/** A command with its bytes. */
export interface SplitCommand {
  readonly args: readonly string[]
  readonly bytes: Buffer
}

export class CommandSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** Returns the commands that are whole with this chunk. */
  push(chunk: Buffer): SplitCommand[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const commands: SplitCommand[] = []
    for (;;) {
      const found = commandAt(this.#rest)
      if (found === undefined) return commands
      commands.push(found)
      this.#rest = this.#rest.subarray(found.bytes.length)
    }
  }
}

/** The command at the begin of `buffer`, if it is whole. */
function commandAt(buffer: Buffer): SplitCommand | undefined {
  let at = 0
  const number = (): number | undefined => {
    const end = buffer.indexOf(CR, at)
    if (end < 0 || end + 1 >= buffer.length) return undefined
    const value = Number(buffer.toString("latin1", at + 1, end))
    at = end + 2
    return value
  }
  const count = number()
  if (count === undefined) return undefined
  const args: string[] = []
  while (args.length < count) {
    const length = number()
    if (length === undefined || at + length + 2 > buffer.length) return undefined
    args.push(buffer.toString("utf8", at, at + length))
    at += length + 2
  }
  return { args, bytes: buffer.subarray(0, at) }
}
