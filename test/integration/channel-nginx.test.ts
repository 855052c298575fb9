import { createServer } from "node:http"
import { describe, expect, onTestFinished, test } from "vitest"
import { subscribe } from "steadystream/client"
import { sendChannels } from "steadystream/node"
import { channelsOfTest, fetchReader, followOverCut, LATE, localPeer, MANY } from "../support/channel-peers.ts"
import { listen } from "../support/listen.ts"
import { findNginx, startNginx } from "../support/nginx.ts"

const compressing = "gzip on; gzip_min_length 0; gzip_types text/event-stream; gzip_proxied any;"
const variants = [
  ["as it comes", ""],
  ["that compresses", compressing],
] as const

/** A channel of node:http behind nginx. */
async function startPeer(directives: string, main?: string) {
  const channels = channelsOfTest()
  const origin = await listen(createServer((req, res) => void sendChannels(channels, req, res, "news")))
  const nginx = await startNginx(Number(new URL(origin).port), directives, main)
  onTestFinished(() => nginx.close())
  return { nginx, peer: localPeer(new URL(nginx.url).origin, channels) }
}

describe.skipIf(findNginx() === undefined)("channels behind nginx", () => {
  describe.each(variants)("%s", (variant, directives) => {
    test(`a client behind an nginx ${variant} gets events at once, is cut, comes back and misses nothing`, async () => {
      const { peer } = await startPeer(directives)
      const seen = await followOverCut(peer, fetchReader, ["3", "4"])
      expect(seen).toEqual(["1", "2", "3", "4", "live"])
    })

    test(`a client behind an nginx ${variant} that comes back too late gets a gap, and then what is kept`, async () => {
      const { peer } = await startPeer(directives)
      expect(await followOverCut(peer, fetchReader, MANY)).toEqual(LATE)
    })
  })

  test("a reload of nginx cuts a client, which resumes and misses nothing", async () => {
    const { nginx, peer } = await startPeer("", "worker_shutdown_timeout 100ms;")
    const seen: string[] = []
    let opened = 0
    const subscription = subscribe(`${nginx.url}events`, {
      retry: { initialDelay: 1 },
      onOpen: () => void opened++,
      onGap: ({ reason }) => seen.push(`gap ${reason}`),
    })
    const reading = subscription.listen({ onEvent: ({ data }) => seen.push(data) })
    onTestFinished(() => {
      subscription.close()
      return reading
    })
    await expect.poll(() => peer.size(), { timeout: 30_000 }).toBe(1)
    const published: string[] = []
    const publishUntil = async (isEnough: () => boolean) => {
      while (!isEnough()) {
        published.push(String(published.length))
        await peer.publish(published.at(-1)!)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    await publishUntil(() => seen.length > 0)
    nginx.reload()
    await publishUntil(() => opened > 1)
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual(published)
  })
})
