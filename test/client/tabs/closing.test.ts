import { expect, test } from "vitest"
import type { ShareOptions } from "steadystream/client"
import { consume } from "../../support/consumer.ts"
import { SharedWorld } from "../../support/shared-world.ts"

/** What the hook of each name is, in a tab that closes in it as soon as `isDue` returns true. */
const hooks: Record<string, (close: () => void, isDue: (value: string) => boolean) => Partial<ShareOptions>> = {
  onRoleChange: (close, isDue) => ({ onRoleChange: (role) => isDue(role) && close() }),
  onStateChange: (close, isDue) => ({ onStateChange: (state) => isDue(state) && close() }),
  headers: (close) => ({
    headers: () => {
      close()
      return {}
    },
  }),
}

test.each([
  ["onRoleChange", "leading"],
  ["onStateChange", "open"],
  ["headers", ""],
])("close() in %s leaves no connection, at %j", async (name, value) => {
  const world = new SharedWorld()
  const close = (): void => subscription.close()
  const { subscription } = world.create(hooks[name]!(close, (now) => now === value))
  const { outcome } = consume(subscription)
  await world.browser.settle(10_000)
  expect([await outcome, subscription.state, world.server.connections]).toEqual(["done", "closed", 0])
  expect(world.browser.clock.pendingTimers).toBe(0)
})

test("close() in onStateChange leaves no connection when the page comes back", async () => {
  const world = new SharedWorld()
  let isBack = false
  const { tab, subscription } = world.create({
    onStateChange: (state) => {
      if (isBack && state === "connecting") subscription.close()
    },
  })
  const { outcome } = consume(subscription)
  await world.browser.settle(200)
  isBack = true
  tab.suspend()
  tab.resume()
  await world.browser.settle(10_000)
  expect([await outcome, world.server.requests, world.server.connections]).toEqual(["done", [""], 0])
})
