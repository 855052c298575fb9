import type { SseEventInit } from "../../event.ts"
import { AnswerHub } from "./answer-hub.ts"
import type { AnswersOptions } from "./answer-options.ts"
import type { Answers } from "./answer-types.ts"

/**
 * Creates answers: streams that are stored while they are produced, and that go on without their readers. A client that
 * reloads, a second tab and a client that comes after the end get the same events; stopping is a call.
 *
 * Each answer has one producer, which renews a lease. If its process ends, readers on every node get an end within the
 * lease and one second. Nothing of an answer is trimmed before its `ttl`.
 *
 * Readers get an answer that is not whole as such: in a dialect of OpenAI as an error event without `[DONE]`, otherwise
 * as the event `steadystream.end`, whose data is JSON with `status` and `detail`. `endEvent` replaces it for other protocols.
 * The chunk readers, and `subscribe` and `readEvents` with a contract, throw at that event; without a contract, look for it.
 *
 * @throws TypeError, RangeError if an option is not valid.
 * @example
 * ```ts
 * import { createAnswers } from "steadystream/server"
 *
 * const answers = createAnswers()
 * const answer = await answers.start("42", async function* (signal) {
 *   for (const word of ["Hello", "again"]) yield { data: word }
 *   yield { data: "[DONE]" }
 * })
 * console.log((await answer.ended).status) // done
 * const response = await answers.respond(new Request("https://example.com/answers/42"), "42")
 * console.log(await response.text())
 * await answers.closeAll()
 * ```
 */
export function createAnswers<Written = SseEventInit>(options: AnswersOptions<Written> = {}): Answers<Written> {
  return new AnswerHub(options as unknown as AnswersOptions) as unknown as Answers<Written>
}
