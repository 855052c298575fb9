import type { Clock } from "../../internal/clock.ts"

/** A clock of a test may have neither chance nor time in it. */
let count = 0

/** Returns a name for one caller of a store, unique among all handles of the store. */
export function newProducer(clock: Clock): string {
  return `${Math.floor(clock.random() * 2 ** 48).toString(36)}.${Math.floor(clock.now())}.${++count}`
}
