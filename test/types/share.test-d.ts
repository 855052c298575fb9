import { assertType, expectTypeOf, test } from "vitest"
import { defineEvents, type EventOf, type SseEvent, text, type } from "steadystream"
import { shareAcrossTabs, type SharedSubscription, type Subscription } from "steadystream/client"

const events = defineEvents({ delta: text(), done: type<{ tokens: number }>() })

test("shareAcrossTabs() returns a subscription of raw events, or of those of the contract", () => {
  const raw = shareAcrossTabs("/news", { key: "news" })
  expectTypeOf(raw).toEqualTypeOf<SharedSubscription>()
  assertType<Subscription>(raw)
  const typed = shareAcrossTabs("/news", { key: "news", events })
  expectTypeOf(typed).toEqualTypeOf<SharedSubscription<EventOf<typeof events>>>()
  expectTypeOf(typed.role).toEqualTypeOf<"leading" | "following" | "alone">()
  void raw.listen({ onEvent: (event) => expectTypeOf(event).toEqualTypeOf<SseEvent>() })
})

test("shareAcrossTabs() needs a key and a URL, and takes no pauseWhenHidden", () => {
  // @ts-expect-error -- the key is missing
  void shareAcrossTabs("/news", {})
  // @ts-expect-error -- a request has no URL that tabs can compare
  void shareAcrossTabs(new Request("/news"), { key: "news" })
  // @ts-expect-error -- a hidden tab may lead
  void shareAcrossTabs("/news", { key: "news", pauseWhenHidden: true })
})
