/* Sends one command to a Redis server without a client: what a test asks the server is no traffic of what it tests. */
import { connect } from "node:net"

export type RedisReply = string | number | null | readonly RedisReply[]

/** Sends a command on a connection of its own. Rejects with an error reply, and if the connection ends without one. */
export function redisCommand(port: number, args: readonly (string | number)[]): Promise<RedisReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1")
    let received = ""
    socket.on("error", reject)
    socket.on("close", () => reject(new Error("Redis closed the connection")))
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1")
      const parsed = parse(received, 0)
      if (parsed === undefined) return
      if (parsed.reply instanceof Error) reject(parsed.reply)
      else resolve(parsed.reply)
      socket.destroy()
    })
    socket.write(encodeCommand(args))
  })
}

/** The bytes of a command. */
export function encodeCommand(args: readonly (string | number)[]): Buffer {
  const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`)
  return Buffer.from(`*${args.length}\r\n${parts.join("")}`)
}

interface Parsed {
  readonly reply: RedisReply | Error
  /** Where the next reply begins. */
  readonly end: number
}

/** The reply that begins at `at`, if it is whole. Each character of the text is a byte. */
function parse(text: string, at: number): Parsed | undefined {
  const lineEnd = text.indexOf("\r\n", at)
  if (lineEnd < 0) return undefined
  const line = text.slice(at + 1, lineEnd)
  const end = lineEnd + 2
  switch (text.charAt(at)) {
    case "+":
      return { reply: line, end }
    case "-":
      return { reply: new Error(line), end }
    case ":":
      return { reply: Number(line), end }
    case "$":
      return parseBulk(text, end, Number(line))
    case "*":
      return parseArray(text, end, Number(line))
    default:
      return { reply: new Error(`Redis sent a reply of an unknown type: ${text.charAt(at)}`), end }
  }
}

function parseBulk(text: string, at: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: at }
  if (text.length < at + length + 2) return undefined
  return { reply: Buffer.from(text.slice(at, at + length), "latin1").toString(), end: at + length + 2 }
}

function parseArray(text: string, at: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: at }
  const replies: RedisReply[] = []
  let end = at
  while (replies.length < length) {
    const parsed = parse(text, end)
    if (parsed === undefined) return undefined
    replies.push(parsed.reply instanceof Error ? parsed.reply.message : parsed.reply)
    end = parsed.end
  }
  return { reply: replies, end }
}
