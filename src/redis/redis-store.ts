/*
 * The event store of many processes. Every operation is one script, so it is one step for all of them; a script publishes what
 * it has stored, and a message is only a hint. Leases and ages use the clock of Redis.
 */
import { onAbort, reasonOf } from "../internal/abort-listener.ts"
import { ignore } from "../internal/cancel.ts"
import { checkNumber } from "../internal/option-checks.ts"
import {
  type Cursor,
  type EventStore,
  type LogEventInit,
  parseCursor,
  type Position,
  readLimits,
  sizedTexts,
  type StoreAppended,
  type StoreAppendOptions,
  type StoreClaim,
  type StoreClaimOptions,
  type StoreNews,
  type StorePage,
  type StoreReadOptions,
  type StoreWatch,
} from "../server/store/index.ts"
import { type AppendCall, appendArguments, appendCall, detailText, readAppended } from "./append-call.ts"
import { AppendQueue } from "./append-queue.ts"
import { Attempts, Calls } from "./calls.ts"
import { closedError, type OwnedConnection } from "./connection.ts"
import { keysOf } from "./log-keys.ts"
import { LogNews } from "./log-news.ts"
import { connectionOf, type RedisClientLike } from "./redis-clients.ts"
import { countText, durationText, type RedisSettings, type RedisStoreOptions, settingsOf } from "./redis-options.ts"
import { readPage, readState } from "./replies.ts"
import { ScriptRunner } from "./script-runner.ts"
import { APPEND } from "./scripts/append.ts"
import { CANCEL, CLAIM, DROP } from "./scripts/lease.ts"
import { CHANGED } from "./scripts/changed.ts"
import { READ } from "./scripts/read.ts"

/**
 * Makes a store whose logs live in Redis 6.2 or later, or in Valkey, so that every process with the same Redis has them. It
 * sends its commands over `client`, and opens one more connection at the first watch, which `close()` closes.
 *
 * @param client - A connected client of the package `redis` or `ioredis`, or connections of your own. The store never closes
 * it.
 * @throws TypeError if `client` is none, TypeError or RangeError if an option is not valid.
 * @example
 * ```ts no-run
 * import { createClient } from "redis"
 * import { redisStore } from "steadystream/redis"
 * import { createChannels } from "steadystream/server"
 *
 * const client = createClient({ url: "redis://redis.example:6379" })
 * client.on("error", console.error)
 * await client.connect()
 *
 * const channels = createChannels({ store: redisStore(client, { prefix: "shop:" }) })
 * await channels.publish("room:7", { data: "hello" })
 * ```
 */
export function redisStore(client: RedisClientLike, options: RedisStoreOptions = {}): EventStore {
  return new RedisStore(connectionOf(client), settingsOf(options))
}

class RedisStore implements EventStore {
  /** Less than a reader notices, and a quarter of the appends of a fast model. */
  readonly appendInterval = 25
  /** Missing in a cluster, where the keys of a script must be in one slot. */
  readonly findChanged: EventStore["findChanged"]
  readonly #connection: OwnedConnection
  readonly #settings: RedisSettings
  readonly #runner: ScriptRunner
  readonly #news: LogNews
  readonly #appends: AppendQueue<AppendCall, StoreAppended>
  readonly #calls: Calls
  readonly #attempts: Attempts
  #isClosed = false

  constructor(connection: OwnedConnection, settings: RedisSettings) {
    if (settings.replicas > 0 && connection.cannotWait === true) {
      throw new TypeError('Cannot use options: "wait" must be 0 with a cluster of ioredis')
    }
    if (!connection.isSharded) this.findChanged = (positions) => this.#findChanged(positions)
    this.#connection = connection
    this.#settings = settings
    this.#calls = new Calls(settings.maxWaiting)
    this.#attempts = new Attempts(settings.clock)
    this.#runner = new ScriptRunner({ ...settings, connection, onUnsettled: (command) => this.#calls.keep(command) })
    this.#news = new LogNews(connection, settings.clock, () => this.#calls.untilIdle())
    this.#appends = new AppendQueue(
      async (name, calls) => {
        // The deadline of the newest: the others have waited for earlier ones, and are not late because of them.
        const since = calls.at(-1)!.since
        return readAppended(await this.#change(APPEND, name, appendArguments(calls), "append", since), calls)
      },
      ({ since }) => this.#runner.lateness(since, "append"),
    )
  }

  append(name: string, events: readonly LogEventInit[], options: StoreAppendOptions = {}): Promise<StoreAppended> {
    return this.#step("append", name, options.signal, (now) =>
      this.#appends.add(name, appendCall(sizedTexts(events), options, now)),
    )
  }

  read(name: string, after: Position, options: StoreReadOptions = {}): Promise<StorePage> {
    return this.#step("read", name, options.signal, async (now) => {
      const { maxEvents, maxBytes } = readLimits(after, options)
      const args = [...positionArguments(after), countText(maxEvents), countText(maxBytes)]
      const reply = this.#keys(name).then((keys) => this.#runner.run(READ, keys, args, "read", now))
      return readPage(await abortable(reply, options.signal), maxEvents, maxBytes)
    })
  }

  watch(name: string, onNews: (news: StoreNews | undefined) => void): StoreWatch {
    if (typeof onNews !== "function") throw new TypeError('Cannot watch: "onNews" must be a function')
    let stop: (() => void) | undefined
    const ready = this.#step("watch", name, undefined, async (now) => {
      const watch = this.#news.watch(name, onNews, async () => (await this.#keys(name)).channel)
      stop = () => watch.stop()
      await this.#runner.before(now, "watch", () => watch.ready)
    })
    ready.catch(ignore)
    return { ready, stop: () => stop?.() }
  }

  claim(name: string, options: StoreClaimOptions): Promise<StoreClaim> {
    return this.#step("claim", name, undefined, async (now): Promise<StoreClaim> => {
      const { ttl, lease, takeOver = false } = options
      checkNumber("ttl", ttl, 1)
      checkNumber("lease", lease, 1)
      return this.#attempts.run(`claim ${name}`, async (token) => {
        const args = [token, durationText(ttl), durationText(lease), takeOver ? "1" : ""]
        const reply = await this.#change(CLAIM, name, args, "claim", now)
        const state = readState(reply)
        return reply[7] === "claimed" ? { lease: token, position: state.last } : { lease: undefined, state }
      })
    })
  }

  cancel(name: string, reason?: string): Promise<boolean> {
    return this.#step("cancel", name, undefined, (now) =>
      this.#attempts.run(`cancel ${name}`, async (token) => {
        const args = [token, detailText({ detail: reason })]
        const [, done] = await this.#change(CANCEL, name, args, "cancel", now)
        return done === "cancelled"
      }),
    )
  }

  drop(name: string): Promise<void> {
    return this.#step("drop", name, undefined, async (now) => {
      await this.#change(DROP, name, [], "drop", now)
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#runner.close()
    this.#news.close()
    this.#connection.close()
  }

  async #findChanged(positions: ReadonlyMap<string, Cursor>): Promise<string[]> {
    const names = [...positions.keys()]
    for (const name of names) checkName(name)
    return this.#operation("find changed logs", undefined, async (now) => {
      const keys = await Promise.all(names.map((name) => this.#keys(name)))
      const hashes = keys.map(({ hash }) => hash)
      const reply = await this.#runner.runOn(hashes, "", CHANGED, [...positions.values()], "find changed logs", now)
      return reply.slice(2).map((number) => names[Number(number) - 1]!)
    })
  }

  /** Does one operation on a log. */
  async #step<Result>(
    action: string,
    name: string,
    signal: AbortSignal | undefined,
    run: (now: number) => Promise<Result>,
  ): Promise<Result> {
    checkName(name)
    return this.#operation(action, signal, run)
  }

  async #operation<Result>(
    action: string,
    signal: AbortSignal | undefined,
    run: (now: number) => Promise<Result>,
  ): Promise<Result> {
    if (this.#isClosed) throw closedError()
    if (signal?.aborted === true) throw reasonOf(signal)
    const start = (): Promise<Result> => run(this.#settings.clock.now())
    // A watch that is refused is not tried again, and its log would be read now and then only.
    return action === "watch" ? start() : this.#calls.run(action, start)
  }

  #keys(name: string): ReturnType<typeof keysOf> {
    return keysOf(this.#settings.prefix, name)
  }

  async #change(
    script: string,
    name: string,
    args: readonly string[],
    action: string,
    since: number,
  ): Promise<string[]> {
    return this.#runner.change(script, await this.#keys(name), args, action, since)
  }
}

function checkName(name: string): void {
  if (typeof name !== "string") throw new TypeError(`Cannot use log: the name must be a string, not ${typeof name}`)
}

function positionArguments(after: Position): string[] {
  if (after === "start" || after === "end") return [after, "", ""]
  const parts = parseCursor(after)
  return parts === undefined ? ["unknown", "", ""] : ["cursor", parts.epoch, countText(parts.sequence)]
}

/** Rejects with the reason of the signal when it aborts. */
async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise
  let stop = ignore
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => (stop = onAbort(signal, () => reject(reasonOf(signal))))),
    ])
  } finally {
    stop()
  }
}
