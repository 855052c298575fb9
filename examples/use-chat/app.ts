/* What the routes need of the application. */
import type { LanguageModel, UIMessage } from "ai"
import { type AnswerEnd, createAnswers } from "steadystream/server"

export const model: LanguageModel = "openai/gpt-5"

/** Returns the last part of an answer that is not whole, in the words of useChat. */
export function endEvent({ status }: AnswerEnd): { data: string } {
  const error = { type: "error", errorText: "The answer broke off. Please ask again." }
  return { data: JSON.stringify(status === "cancelled" ? { type: "abort" } : error) }
}

export const answers = createAnswers({ endEvent })

export interface SavedChat {
  readonly messages: readonly UIMessage[]
  /** The newest answer. */
  readonly answerId?: string
}

/** A map stands for the database. */
export const chats: Map<string, SavedChat> = new Map()

/** Returns whether the user of this request may read and write the chat. */
export function mayUse(request: Request, chatId: string): boolean {
  return request.headers.get("cookie") === "session=secret-of-ada" && /^[\w-]{1,64}$/.test(chatId)
}
