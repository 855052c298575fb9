/* What the routes need of the application. */
import { createAnswers } from "steadystream/server"

/** One for the whole process. With `redisStore()` as its `store`, all processes have the same answers. */
export const answers = createAnswers()

/** A map stands for the sessions of the application. */
const sessions = new Map([
  ["session=secret-of-ada", "ada"],
  ["session=secret-of-bob", "bob"],
])

/** Returns who asks. */
export function userOf(cookie: string | null | undefined): string | undefined {
  return sessions.get(cookie ?? "")
}

/** Asks the provider. */
export function askProvider(messages: unknown, signal: AbortSignal): Promise<Response> {
  return fetch("https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer my-key" },
    body: JSON.stringify({ model: "gpt-5", stream: true, messages }),
    signal,
  })
}

/**
 * Returns the name of an answer in the store, `undefined` if this user may not have it. It contains the user, so an ID of
 * another user never leads to that user's answer. The ID has no slash, so no two users have the same name.
 */
export function nameOf(cookie: string | null | undefined, id: string | undefined): string | undefined {
  const user = userOf(cookie)
  if (user === undefined || id === undefined || !/^[\w-]{1,64}$/.test(id)) return undefined
  return `${user}/${id}`
}
