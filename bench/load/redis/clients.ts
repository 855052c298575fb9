import { createClient } from "redis"

export type Client = ReturnType<typeof newClient>

/** Connects a client of the package `redis`. */
export async function connectClient(url: string): Promise<Client> {
  const client = newClient(url)
  await client.connect()
  return client
}

function newClient(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  client.on("error", () => {})
  return client
}
