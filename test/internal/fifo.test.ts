import { expect, test } from "vitest"
import { Fifo } from "../../src/internal/fifo.ts"

test("Fifo returns its items in order for any number and any sequence of pushes and shifts", () => {
  const fifo = new Fifo<number>()
  let pushed = 0
  let shifted = 0
  for (const count of [1, 3, 5000, 2, 10_000]) {
    for (let n = 0; n < count; n++) fifo.push(pushed++)
    for (let n = 0; n < count * 0.7; n++) {
      expect(fifo.first).toBe(shifted)
      expect(fifo.shift()).toBe(shifted++)
    }
    expect(fifo.size).toBe(pushed - shifted)
  }
  expect(fifo.takeAll()).toEqual(Array.from({ length: pushed - shifted }, (_, n) => shifted + n))
  expect(fifo.size).toBe(0)
  expect(fifo.shift()).toBe(undefined)
  expect(fifo.size).toBe(0)
  fifo.push(7)
  expect(fifo.shift()).toBe(7)
})
