import { subscribe, type SubscribeOptions } from "steadystream/client"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { consume } from "./consumer.ts"
import { within } from "./streams.ts"

/** Subscribes to `answers` for some minutes of virtual time. */
export async function play(answers: Parameters<typeof scriptedFetch>[0], options: object = {}, minutes = 120) {
  const clock = new ManualClock()
  const fetch = scriptedFetch(answers)
  const delays: number[] = []
  const onRetry = ({ delay }: { readonly delay: number }) => void delays.push(delay)
  const given = { clock, fetch, onRetry, ...options } as SubscribeOptions
  const subscription = subscribe("https://example.com/stream", given)
  const { events, data, outcome } = consume(subscription)
  for (let minute = 0; minute < minutes; minute++) await clock.advance(60_000)
  const ended = await within(outcome, 50)
  subscription.close()
  return { fetch, delays, events, data, ended }
}
