import type { LogServer } from "../session/index.ts"
import type { AnswerConnectOptions, Answers } from "../server/index.ts"
import type { NodeRequestLike, NodeResponseLike } from "./reply.ts"
import { sendLogs } from "./send-logs.ts"

/**
 * Sends the events of an answer as the response to a request of node:http, node:http2, express or fastify, as
 * {@link Answers.respond} does for servers that return a `Response`. Authorize the request before, at each call.
 *
 * Resolves when the response is over, for any reason; the answer goes on.
 *
 * @throws TypeError (by rejecting) if the headers have already been sent, or the ID or an option is not valid.
 * @throws {@link SseStoreError} (by rejecting) if the store cannot be reached.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#last-event-id
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import { sendAnswer } from "steadystream/node"
 * import { createAnswers } from "steadystream/server"
 *
 * const answers = createAnswers()
 * createServer((req, res) => {
 *   sendAnswer(answers, req, res, req.url!.slice(1)).catch(() => res.destroy())
 * }).listen(3000)
 * await answers.start("42", () => [{ data: "Hello" }, { data: "[DONE]" }])
 * ```
 */
export async function sendAnswer(
  answers: Pick<Answers<never>, "respond">,
  req: NodeRequestLike,
  res: NodeResponseLike,
  id: string,
  options: AnswerConnectOptions = {},
): Promise<void> {
  const server = answers as unknown as LogServer<string, AnswerConnectOptions>
  if (typeof server?.open !== "function" || !("start" in server)) {
    throw new TypeError("Cannot send answer: the answers must be made by createAnswers()")
  }
  return sendLogs(server, req, res, id, options)
}
