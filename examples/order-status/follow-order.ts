/* Follows one order until it is delivered, across broken connections. What tests replace is passed in. */
import { subscribe, type SubscribeOptions, type Subscription } from "steadystream/client"

export interface FollowOptions extends Pick<SubscribeOptions, "fetch" | "clock"> {
  readonly url?: string
}

/** Returns the events of an order. The data of each is JSON with the member `status`. */
export function followOrder(
  order: string,
  { url = "https://shop.example.com/orders", ...options }: FollowOptions = {},
): Subscription {
  return subscribe(url, {
    method: "POST",
    body: JSON.stringify({ order }),
    timeouts: { idle: 30_000 },
    resume: "same",
    retry: { maxRetries: 3 },
    until: ({ event }) => event === "delivered",
    ...options,
  })
}
