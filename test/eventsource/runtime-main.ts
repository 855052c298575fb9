/* The program for runtimes other than the tests' own: it runs the behaviours against the origins in its arguments. */
import { EventSource } from "steadystream/eventsource"
import { runBehaviours, type Subject } from "./behaviour.ts"
import { behaviours } from "./behaviours/index.ts"

const [first, second, subject] = process.argv.slice(2)
const outcomes = await runBehaviours(behaviours, {
  EventSource,
  origins: [first!, second!],
  subject: subject as Subject,
  offers: ["no base"],
})
const failed = outcomes.filter(({ outcome }) => outcome === "failed")
for (const { area, name, detail } of failed) console.error(`failed: ${area}: ${name}: ${detail}`)
// No handle may keep the process alive.
console.log(`${failed.length} of ${outcomes.length} failed`)
