/* Stored answers, which go on without a reader and are read again from any cursor. */
import { readEvents, type SseEvent } from "steadystream"
import { chatCompletionChunks, chunkResponse, readChatCompletions } from "steadystream/openai"
import { type Answers, createAnswers } from "steadystream/server"
import { equal, rejection } from "../checks.ts"
import type { SuiteCases, SuiteContext } from "../suite.ts"
import { signalled } from "./responses.ts"

function answersOf({ after }: SuiteContext): Answers {
  const answers = createAnswers({ onError: () => {} })
  after(() => answers.closeAll({ within: 0 }))
  return answers
}

function requestFrom(cursor?: string): Request {
  return new Request("https://example.com/answer", cursor === undefined ? {} : { headers: { "last-event-id": cursor } })
}

async function eventsOf(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  for await (const event of readEvents(response)) events.push(event)
  return events
}

const WORDS = ["one", "two", "three"]

export const answersCases: SuiteCases = {
  "an answer is produced once, also without a reader, and read whole by everyone": async (context) => {
    const answers = answersOf(context)
    let made = 0
    const make = () => {
      made++
      return WORDS.map((data) => ({ data }))
    }
    const answer = await answers.start("1", make)
    const second = await answers.start("1", make)
    equal([answer.isProducer, second.isProducer, (await answer.ended).status], [true, false, "done"])
    for (const response of [await answer.respond(requestFrom()), await answers.respond(requestFrom(), "1")]) {
      equal(
        (await eventsOf(response)).map(({ data }) => data),
        WORDS,
      )
    }
    equal(made, 1)
  },
  "an answer goes on after every cursor, and has nothing after the last one": async (context) => {
    const answers = answersOf(context)
    const answer = await answers.start("1", () => WORDS.map((data) => ({ data })))
    await answer.ended
    const events = await eventsOf(await answer.respond(requestFrom()))
    for (const [at, { lastEventId }] of events.entries()) {
      const response = await answers.respond(requestFrom(lastEventId), "1")
      equal(response.status, at === 2 ? 204 : 200)
      if (at < 2)
        equal(
          (await eventsOf(response)).map(({ data }) => data),
          WORDS.slice(at + 1),
        )
    }
    equal((await answers.respond(requestFrom(), "2")).status, 404)
  },
  "an answer that is cancelled stops its source, and ends with an error for its readers": async (context) => {
    const answers = answersOf(context)
    const stopped = signalled<string>()
    const asked = signalled()
    const answer = await answers.start("1", (signal) => {
      signal.addEventListener("abort", () => stopped.fire((signal.reason as Error).name))
      async function* pieces() {
        yield "a"
        asked.fire()
        await stopped.promise
      }
      return chunkResponse(chatCompletionChunks(pieces()))
    })
    const reading = rejection(async () => readChatCompletions(await answer.respond(requestFrom())).collect())
    await asked.promise
    equal(await answers.cancel("1", "enough"), true)
    equal([await stopped.promise, (await answer.ended).status], ["AbortError", "cancelled"])
    equal((await reading).code, "provider")
  },
  "an answer whose reader leaves goes on, and a served one is read over the network": async (context) => {
    const answers = answersOf(context)
    const goOn = signalled()
    async function* pieces() {
      yield { data: "a" }
      await goOn.promise
      yield { data: "b" }
    }
    await answers.start("1", pieces)
    const origin = await context.serve((request) => answers.respond(request, "1"))
    const leaving = new AbortController()
    const first = await readEvents(await fetch(origin, { signal: leaving.signal })).next()
    leaving.abort()
    equal(first.value?.data, "a")
    goOn.fire()
    const headers = { "last-event-id": first.value!.lastEventId }
    equal(
      (await eventsOf(await fetch(origin, { headers }))).map(({ data }) => data),
      ["b"],
    )
  },
}
