/*
 * The cursor of a client: that of its log, or, with several channels, one for each, as `<tag>:<cursor>` joined by commas.
 * The tag is a hash of the name, so that a name is neither shown nor limited to the characters of an ID.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const TAG_LENGTH = 6

/** The tag of a channel: 6 characters of base64url, from two FNV-1a hashes. */
export function tagOf(name: string): string {
  let tag = ""
  for (let part = 0; tag.length < TAG_LENGTH; part++) {
    let hash = (0x81_1c_9d_c5 ^ part) >>> 0
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01_00_01_93) >>> 0
    hash = mixed(hash)
    for (let bits = 26; bits >= 14; bits -= 6) tag += ALPHABET[(hash >>> bits) & 63]
  }
  return tag
}

/** The last step of MurmurHash3, after which every bit of the text counts for every bit of the hash. */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2_b2_ae_35)
  return (twice ^ (twice >>> 16)) >>> 0
}

/** Writes the cursor of a client. */
export function joinCursors(channels: readonly { readonly tag: string; readonly cursor: string }[]): string {
  return channels.length === 1 ? channels[0]!.cursor : channels.map(({ tag, cursor }) => `${tag}:${cursor}`).join(",")
}

/**
 * Reads the cursor of a client for each of its channels; `undefined` for a channel that it has not had before. Tags of
 * other channels are ignored. A cursor that is not one of several channels is that of every channel, so that it is
 * answered by a gap and never by silence.
 */
export function splitCursor(text: string, tags: readonly string[]): readonly (string | undefined)[] {
  if (text === "") return tags.map(() => undefined)
  const known = new Map<string, string>()
  for (const part of text.split(",", MAX_PARTS)) {
    const colon = part.indexOf(":")
    if (colon === TAG_LENGTH) known.set(part.slice(0, colon), part.slice(colon + 1))
  }
  return tags.map((tag) => (known.size === 0 ? text : known.get(tag)))
}

/** More parts than a session can have channels are no cursor of ours. */
const MAX_PARTS = 256
