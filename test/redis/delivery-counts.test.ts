import { expect, test } from "vitest"
import { countDelivery, expectWhole, type ReaderBegin } from "../support/delivery-counts.ts"

test.each<[seen: string[], begin: ReaderBegin, lost: number, doubled: number]>([
  [["1", "2", "3"], "start", 0, 0],
  [["3"], "start", 2, 0],
  [[], "start", 3, 0],
  [["1", "3"], "start", 1, 0],
  [["1", "2"], "start", 1, 0],
  [["1", "2", "2", "3"], "start", 0, 1],
  [["2", "1", "3"], "start", 1, 1],
  [["gap trimmed", "3"], "start", 0, 0],
  [["1", "gap trimmed", "3"], "start", 0, 0],
  [["1", "gap trimmed"], "start", 2, 0],
  [["3"], "live", 0, 0],
  [[], "live", 0, 0],
  [["2"], "live", 1, 0],
  [["1", "3"], "live", 1, 0],
])("countDelivery() of 1, 2, 3 and %j, which began at %s, counts %i as lost and %i as doubled", (...row) => {
  const [seen, begin, lost, doubled] = row
  const counts = countDelivery(["1", "2", "3"], seen, begin)
  expect([counts.lost, counts.doubled]).toEqual([lost, doubled])
  const isWhole = lost === 0 && doubled === 0 && seen.length > 0
  const check = () => expectWhole("a reader", [counts], counts.gaps)
  if (isWhole) check()
  else expect(check).toThrow("expected")
})

test("countDelivery() throws if an event was never stored", () => {
  expect(() => countDelivery(["1"], ["2"])).toThrow("never stored: 2")
})
