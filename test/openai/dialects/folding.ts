import { type ChatSnapshot, type ChoiceSnapshot, readChatCompletions } from "steadystream/openai"
import { chat, DONE, events } from "../reading/scripted-source.ts"

export async function fold(...payloads: unknown[]): Promise<ChatSnapshot> {
  return readChatCompletions(events(...payloads) + DONE).collect()
}

export async function foldDeltas(...deltas: object[]): Promise<ChoiceSnapshot> {
  return (await fold(...deltas.map((delta) => chat(delta)))).choices[0]!
}

/** A piece of a tool call, without the members that are `null`. */
export const call = (index: number | null | undefined, id: string | null, name: string | null, input: unknown) => ({
  ...(index === undefined ? {} : { index }),
  ...(id === null ? {} : { id }),
  function: { ...(name === null ? {} : { name }), arguments: input },
})
