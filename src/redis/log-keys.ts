/*
 * The keys of a log. They share one hash tag, which is never empty, so that a cluster keeps them on one server; two names never
 * have the same keys.
 */
import { utf8Length } from "../server/store/index.ts"

export interface LogKeys {
  readonly hash: string
  readonly stream: string
  readonly channel: string
}

const LONGEST_NAME = 256

// Control characters, the space, what has a meaning in a hash tag, and halves of surrogate pairs, which UTF-8 cannot hold.
const UNSAFE = /[\0-\u0020\u007f-\u009f{}%]|\p{Surrogate}/gu

export async function keysOf(prefix: string, name: string): Promise<LogKeys> {
  const encoded = name.replace(UNSAFE, encodeUnit)
  const tag = utf8Length(encoded) > LONGEST_NAME ? `%h${await hexOf("SHA-256", encoded)}` : encoded
  // No name is encoded as "%" or begins with "%h".
  const key = `${prefix}{${tag || "%"}}`
  return { hash: `${key}:m`, stream: `${key}:l`, channel: `${key}:n` }
}

function encodeUnit(unit: string): string {
  const code = unit.charCodeAt(0)
  return code > 0xff ? `%u${code.toString(16)}` : `%${code.toString(16).padStart(2, "0")}`
}

/** Returns the hash of a text in UTF-8, as hexadecimal digits. */
export async function hexOf(algorithm: "SHA-1" | "SHA-256", text: string): Promise<string> {
  const digest = await crypto.subtle.digest(algorithm, new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}
