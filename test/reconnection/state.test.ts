import { readdirSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"
// The package does not export the table, but ARCHITECTURE.md prints it.
import { type SubscriptionState, TRANSITIONS } from "../../src/reconnection/state.ts"

const STATES = Object.keys(TRANSITIONS) as SubscriptionState[]

test("TRANSITIONS is the table that ARCHITECTURE.md prints", () => {
  const lines = readdirSync(".")
    .filter((name) => /^ARCHITECTURE.*\.md$/.test(name))
    .flatMap((name) => readFileSync(name, "utf8").split("\n"))
  const start = lines.findIndex((line) => line.startsWith("| in state"))
  const rows = lines.slice(start).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  )
  const printed = Object.fromEntries(
    rows
      .slice(2, 2 + STATES.length)
      .map(([state, ...cells]) => [
        state,
        Object.fromEntries(cells.flatMap((next, index) => (next === "" ? [] : [[rows[0]![index + 1], next]]))),
      ]),
  )
  expect(printed).toEqual(TRANSITIONS)
})

test("TRANSITIONS allows every state to end and no state to leave closed", () => {
  for (const state of STATES) {
    const next = TRANSITIONS[state].ended
    expect(next).toBe(state === "closed" ? undefined : "closed")
  }
  expect(TRANSITIONS.closed).toEqual({})
})
