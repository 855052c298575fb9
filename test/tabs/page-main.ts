/* The page of the tab runs: it shares the streams of its URL's keys, and keeps what it has seen. */
import { shareAcrossTabs, type SharedSubscription } from "steadystream/client"

interface TabPage {
  /** By key. */
  seen: Record<string, string[]>
  failures: string[]
  subscriptions: Record<string, SharedSubscription>
}

const parameters = new URLSearchParams(location.search)
const page: TabPage = { seen: {}, failures: [], subscriptions: {} }
Object.assign(globalThis, { page })

for (const key of parameters.getAll("key")) {
  const seen: string[] = (page.seen[key] = [])
  const subscription = shareAcrossTabs(`/stream/${key}`, {
    key,
    leaderTimeout: Number(parameters.get("leaderTimeout") ?? 5_000),
    headers: { "x-tab": parameters.get("tab")! },
    retry: { initialDelay: 100, jitter: false },
  })
  page.subscriptions[key] = subscription
  void subscription.listen({
    onEvent: ({ data }) => void seen.push(data),
    onError: (error) => void page.failures.push(String(error)),
  })
}
