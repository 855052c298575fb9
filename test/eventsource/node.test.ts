import { mkdirSync, writeFileSync } from "node:fs"
import { EventSource } from "steadystream/eventsource"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ScenarioServer, startScenarioServer } from "../support/scenario-server.ts"
import { type Outcome, runBehaviour } from "./behaviour.ts"
import { behaviours } from "./behaviours/index.ts"

describe("EventSource in Node", () => {
  const outcomes: Outcome[] = []
  let server: ScenarioServer

  beforeAll(async () => {
    server = await startScenarioServer()
  })

  afterAll(async () => {
    await server.close()
    mkdirSync(".cache/eventsource", { recursive: true })
    writeFileSync(".cache/eventsource/ours in Node.json", JSON.stringify(outcomes))
  })

  test.each(behaviours.map((behaviour) => [`${behaviour.area}: ${behaviour.name}`, behaviour] as const))(
    "EventSource %s",
    async (_, behaviour) => {
      const { origins } = server
      const outcome = await runBehaviour(behaviour, {
        EventSource,
        origins,
        subject: "ours in Node",
        offers: ["no base", "blob URLs", "ending dispatch", "early headers", "header bytes"],
      })
      outcomes.push(outcome)
      expect(outcome.outcome, outcome.detail).not.toBe("failed")
    },
  )
})
