/*
 * The cursor of a client: that of its log, or, with several channels, one for each, as `<tag>:<cursor>` joined by commas.
 * The tag is a hash of the name, so that a name is neither shown nor limited to the characters of an ID.
 */

import { hashOf } from "../store/name-hash.ts"

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const TAG_LENGTH = 6

/** The tag of a channel: 6 characters of base64url, from two hashes. */
export function tagOf(name: string): string {
  let tag = ""
  for (let part = 0; tag.length < TAG_LENGTH; part++) {
    const hash = hashOf(name, part)
    for (let bits = 26; bits >= 14; bits -= 6) tag += ALPHABET[(hash >>> bits) & 63]
  }
  return tag
}

/** Writes the cursor of a client, without the channels in which it has no place yet. */
export function joinCursors(
  channels: readonly { readonly tag: string; readonly cursor: string | undefined }[],
): string {
  if (channels.length === 1) return channels[0]!.cursor ?? ""
  const known = channels.filter(({ cursor }) => cursor !== undefined)
  return known.map(({ tag, cursor }) => `${tag}:${cursor}`).join(",")
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

/** `EventSource` cannot set headers: a page that has loaded a state passes its cursor in the query. */
export function cursorOfUrl(url: string | undefined): string {
  const query = url?.indexOf("?") ?? -1
  return query === -1 ? "" : (new URLSearchParams(url!.slice(query)).get("lastEventId") ?? "")
}
