import { createClient, type RedisClientType } from "redis"

const WAIT_MS = 3000

/** Connects to the Redis of the demo. The client connects again by itself, and its users report what fails meanwhile. */
export async function connectToRedis(url: string): Promise<RedisClientType> {
  const client: RedisClientType = createClient({ url })
  client.on("error", () => {})
  await client.connect()
  return client
}

/** @throws Error if no Redis answers at `url` within three seconds. Its message has neither the address nor the password. */
export async function checkRedis(url: string): Promise<void> {
  let client: RedisClientType | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const made: RedisClientType = createClient({ url, socket: { connectTimeout: WAIT_MS, reconnectStrategy: false } })
    client = made
    made.on("error", () => {})
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no answer within 3 s")), WAIT_MS)
    })
    await Promise.race([made.connect().then(() => made.ping()), late])
  } catch (error) {
    throw new Error(`Cannot serve the demo: REDIS_URL must name a Redis that answers (${reasonOf(error)})`, {
      cause: error,
    })
  } finally {
    clearTimeout(timer)
    if (client?.isOpen === true) client.destroy()
  }
}

/** Returns the code of the error, or the first word of an error that Redis reports, such as WRONGPASS. */
function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException
  if (code !== undefined) return code
  return /^[A-Z]{4,}(?= )|^no answer.*/.exec(message)?.[0] ?? name
}
