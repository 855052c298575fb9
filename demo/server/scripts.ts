import type { AnswerDelta } from "steadystream/openai"

const ANSWERS: readonly { readonly about: RegExp; readonly text: string }[] = [
  {
    about: /haiku|poem/i,
    text: "One line, then one more,\na blank line sends each event:\nthe stream says it's done.",
  },
  {
    about: /retr|limit|reconnect/i,
    text:
      "Many clients that retry for ever can keep a failed server from starting again. A limit with growing, random " +
      "delays leaves the server time to recover, and the user gets a clear answer: the connection failed, this is " +
      "the reason, press the button to try again.",
  },
]
const DEFAULT_ANSWER =
  "Server-sent events are a text format for a response that stays open. Each event has a few lines, a field name and a " +
  "value on each, and ends with a blank line. The browser reads events with EventSource and reconnects by itself. " +
  "OpenAI-style APIs answer a POST with the same format, one JSON chunk per token, and send [DONE] at the end."

const REASONING =
  "The square root of 2027 is a little over 45, so the primes up to 43 are enough. It is odd, its digits add up to 11, " +
  "and it ends in 7: not 2, 3 or 5. 7 × 289 is 2023, 11 × 184 is 2024, 13 × 155 is 2015, 17 × 119 is 2023, 19 × 106 is " +
  "2014, 23 × 88 is 2024, 29 × 69 is 2001, 31 × 65 is 2015, 37 × 54 is 1998, 41 × 49 is 2009, 43 × 47 is 2021. The next " +
  "multiple of each is past 2027."
const CONCLUSION = "Yes, 2027 is a prime: none of the primes up to 43 divides it, and 47 × 47 is larger already."

const CALLS: readonly { readonly name: string; readonly arguments: object }[] = [
  { name: "find_trains", arguments: { from: "Oslo", to: "Bergen", after: "17:00", seats: 2 } },
  { name: "get_weather", arguments: { place: "Bergen", when: "tonight", unit: "celsius" } },
]

/** Returns the answer of the model with this name to `prompt`, in pieces. */
export function scriptOf(model: string, prompt: string): AnswerDelta[] {
  if (model === "demo-reasoning") {
    return [...tokenize(REASONING).map((reasoning) => ({ reasoning })), ...tokenize(CONCLUSION)]
  }
  if (model === "demo-tool-call") return [...tokenize("I will look up the trains and the weather."), ...callPieces()]
  return tokenize(ANSWERS.find(({ about }) => about.test(prompt))?.text ?? DEFAULT_ANSWER)
}

/** Cuts `text` into pieces of at most one word, as models send them. */
export function tokenize(text: string): string[] {
  return text.match(/\s*[^\s]{1,6}|\s+$/g) ?? []
}

function callPieces(): AnswerDelta[] {
  return CALLS.flatMap(({ name, arguments: input }) => [
    { toolCall: { name } },
    ...tokenize(JSON.stringify(input)).map((piece) => ({ toolCall: { arguments: piece } })),
  ])
}
