import { expect, test } from "vitest"
import { type SubscriptionState, TRANSITIONS } from "../../src/reconnection/state.ts"

const STATES = Object.keys(TRANSITIONS) as SubscriptionState[]

test("TRANSITIONS allows every state to end and no state to leave closed", () => {
  for (const state of STATES) {
    const next = TRANSITIONS[state].ended
    expect(next).toBe(state === "closed" ? undefined : "closed")
  }
  expect(TRANSITIONS.closed).toEqual({})
})
