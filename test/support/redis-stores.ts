import { redisStore, type RedisClientLike } from "steadystream/redis"
import type { storeContract } from "steadystream/testing"

/** A client of a test, and how its connections are closed. */
export interface TestClient {
  readonly client: RedisClientLike
  close(): void
}

/** Returns the factory of {@link storeContract}: each pair of stores has keys of its own and a client each. */
export function redisStores(prefix: string, connect: () => Promise<TestClient>): Parameters<typeof storeContract>[1] {
  let runs = 0
  return async ({ retention }) => {
    const made = [await connect(), await connect()]
    const [store, other] = made.map(({ client }) => redisStore(client, { retention, prefix: `${prefix}${runs}:` }))
    runs++
    return {
      store: store!,
      other,
      extraEvents: 115,
      close: async () => {
        for (const { close } of made) close()
      },
    }
  }
}
