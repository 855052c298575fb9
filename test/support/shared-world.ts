import type { SharedSubscription, ShareOptions } from "steadystream/client"
import { consume } from "./consumer.ts"
import { FakeEventServer } from "./fake-event-server.ts"
import { FakeBrowser, type FakeTab } from "./fake-tabs.ts"

export interface Member {
  readonly tab: FakeTab
  readonly subscription: SharedSubscription
  readonly data: string[]
  readonly outcome: Promise<unknown>
}

export const URL_OF_STREAM = "https://example.com/stream"

/** A server, and tabs that share its stream under one key. */
export class SharedWorld {
  readonly browser: FakeBrowser = new FakeBrowser()
  readonly server: FakeEventServer
  readonly members: Member[] = []
  readonly #options: Partial<ShareOptions>

  constructor(options: Partial<ShareOptions> = {}, server: FakeEventServer = new FakeEventServer()) {
    this.#options = options
    this.server = server
  }

  /** A tab with a subscription that nothing consumes. */
  create(options: Partial<ShareOptions> = {}, url: string = URL_OF_STREAM): Omit<Member, "data" | "outcome"> {
    const tab = this.browser.open()
    const fetch = this.server.fetchOf(tab)
    return { tab, subscription: tab.share(url, { key: "news", fetch, ...this.#options, ...options }) }
  }

  open(options: Partial<ShareOptions> = {}, url?: string): Member {
    const member = this.create(options, url)
    const consumed = { ...member, ...consume(member.subscription) }
    this.members.push(consumed)
    return consumed
  }

  /** Opens tabs, of which the first leads. */
  async openAll(count: number): Promise<Member[]> {
    const members = Array.from({ length: count }, () => this.open())
    await this.browser.settle(200)
    return members
  }

  async emit(count: number): Promise<void> {
    this.server.emit(count)
    await this.browser.settle(200)
  }
}

export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, at) => String(from + at))
}
