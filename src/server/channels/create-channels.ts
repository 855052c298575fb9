import type { SseEvent, SseEventInit } from "../../event.ts"
import { ChannelHub } from "./channel-hub.ts"
import type { ChannelsOptions } from "./channel-options.ts"
import type { Channels } from "./channel-types.ts"

/**
 * Creates channels. Each is a log of events in the store; a session is a position in one or more of them, so a slow client
 * costs no memory, and one that comes back continues where it was.
 *
 * A client whose events are no longer kept gets the event `steadystream.gap` first; its data is JSON with `from`, `reason`
 * and `resumesAt`. `subscribe` calls `onGap` for it.
 *
 * @throws TypeError, RangeError if an option is not valid.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#last-event-id
 * @example
 * ```ts
 * import { defineEvents, type } from "steadystream"
 * import { createChannels } from "steadystream/server"
 *
 * const events = defineEvents({ note: type<{ text: string }>() })
 * const channels = createChannels({ events })
 *
 * const handler = (request: Request): Promise<Response> => channels.respond(request, ["news", "room:7"])
 * const response = await handler(new Request("https://example.com/events?lastEventId="))
 * const reader = response.body!.getReader()
 * await reader.read()
 * await channels.publish("room:7", { event: "note", data: { text: "hi" } })
 * console.log(new TextDecoder().decode((await reader.read()).value))
 * await channels.closeAll()
 * ```
 */
export function createChannels<Written = SseEventInit, Event extends SseEvent<string, unknown> = SseEvent>(
  options: ChannelsOptions<Written, Event> = {},
): Channels<Written, Event> {
  return new ChannelHub(options as unknown as ChannelsOptions) as unknown as Channels<Written, Event>
}
