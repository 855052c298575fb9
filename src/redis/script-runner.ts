/*
 * Runs scripts. Each has its own deadline: a client may keep a command for as long as Redis is away. After the deadline the
 * caller has its error, and Redis refuses the command if it still arrives.
 */
import { type Clock, MAX_TIMER_MS } from "../internal/clock.ts"
import { newEpoch, SseStoreError } from "../server/store/index.ts"
import type { OwnedConnection } from "./connection.ts"
import { hexOf, type LogKeys } from "./log-keys.ts"
import { isUnknownScript, storeErrorOf } from "./redis-error.ts"
import { countText, durationText } from "./redis-options.ts"
import { textOf, textsOf } from "./replies.ts"
import { ServerTime } from "./server-time.ts"

export interface RunnerOptions {
  readonly connection: OwnedConnection
  readonly clock: Clock
  readonly timeout: number
  /** The replicas that must have a change. */
  readonly replicas: number
  /** The arguments of every script that are the same for the whole store. */
  readonly limits: readonly string[]
  /** Called with a command that the client still has after the operation has its error. */
  readonly onUnsettled: (command: Promise<unknown>) => unknown
}

const hashes = new Map<string, string>()

export class ScriptRunner {
  readonly #options: RunnerOptions
  readonly #time: ServerTime = new ServerTime()
  /** The timers of the operations that wait. */
  readonly #timers: Set<unknown> = new Set()

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /**
   * Runs a script that changes a log, and waits for its replicas.
   *
   * @param since - When the operation began.
   * @throws {@link SseStoreError} (by rejecting) if there is no reply in time.
   */
  async change(
    script: string,
    keys: LogKeys,
    args: readonly string[],
    action: string,
    since: number,
  ): Promise<string[]> {
    const { connection, clock, timeout, replicas } = this.#options
    const reply = await this.run(script, keys, args, action, since)
    if (replicas === 0) return reply
    // Half of the time that is left, so that the reply arrives before the deadline. 0 would be no limit.
    const left = Math.max(1, (since + timeout - clock.now()) / 2)
    const command = ["WAIT", countText(replicas), durationText(left)]
    const count = await this.#ask(since, action, () => connection.command(command, keys.hash))
    if (Number(textOf(count)) >= replicas) return reply
    throw new SseStoreError(`Cannot ${action}: fewer replicas than "wait" have stored it`, "store-unavailable")
  }

  /**
   * Runs a script on a log.
   *
   * @param since - When the operation began.
   * @throws {@link SseStoreError} (by rejecting) if there is no reply in time.
   */
  run(script: string, keys: LogKeys, args: readonly string[], action: string, since: number): Promise<string[]> {
    return this.runOn([keys.hash, keys.stream], keys.channel, script, args, action, since)
  }

  /**
   * Runs a script on any keys of one server.
   *
   * @param channel - Where the script publishes; `""` if it does not.
   * @param since - When the operation began.
   * @throws {@link SseStoreError} (by rejecting) if there is no reply in time.
   */
  async runOn(
    keys: readonly string[],
    channel: string,
    script: string,
    args: readonly string[],
    action: string,
    since: number,
  ): Promise<string[]> {
    const { connection, clock, timeout, limits } = this.#options
    const publish = connection.isSharded ? "SPUBLISH" : "PUBLISH"
    for (let attempts = 0; attempts < 2; attempts++) {
      const due = this.#time.at(since + timeout)
      const given = [newEpoch(clock), channel, publish, due, ...limits, ...args]
      const sent = clock.now()
      const reply = textsOf(await this.#ask(since, action, () => this.#send(script, keys, given, since, action)))
      if (reply.length < 2) {
        throw new SseStoreError(`Cannot ${action}: the reply of Redis has a wrong form`, "store-unavailable")
      }
      this.#time.learn(Number(reply[0]), sent, clock.now())
      // The clock of this server may show another time than was known: those of a cluster may differ. Now it is known.
      if (reply[1] !== "late") return reply
    }
    throw lateError(action)
  }

  /** Sends a command, and reports it if it takes longer than the operation. */
  async #ask(since: number, action: string, send: () => Promise<unknown>): Promise<unknown> {
    let command: Promise<unknown> | undefined
    let isSettled = false
    const settled = () => void (isSettled = true)
    try {
      return await this.before(since, action, () => {
        command = send()
        command.then(settled, settled)
        return command
      })
    } finally {
      if (command !== undefined && !isSettled) this.#options.onUnsettled(command)
    }
  }

  /**
   * Waits for Redis, until the deadline of an operation that began at `since`.
   *
   * @throws {@link SseStoreError} (by rejecting) for every failure.
   */
  async before<Value>(since: number, action: string, ask: () => Promise<Value>): Promise<Value> {
    const { connection, clock, timeout } = this.#options
    const { obstacle } = connection
    if (obstacle !== undefined) throw new SseStoreError(`Cannot ${action}: ${obstacle}`, "store-unavailable")
    const lateness = this.lateness(since, action)
    if (lateness !== undefined) throw lateness
    const left = since + timeout - clock.now()
    let timer: unknown
    const late = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => reject(lateError(action)), Math.min(left, MAX_TIMER_MS))
    })
    this.#timers.add(timer)
    try {
      return await Promise.race([ask(), late])
    } catch (error) {
      throw error instanceof SseStoreError ? error : storeErrorOf(error, action)
    } finally {
      clock.clearTimeout(timer)
      this.#timers.delete(timer)
    }
  }

  /** Returns the error of an operation whose deadline has passed. */
  lateness(since: number, action: string): Error | undefined {
    const { clock, timeout } = this.#options
    return clock.now() < since + timeout ? undefined : lateError(action)
  }

  /** What still waits does not keep the process alive. */
  close(): void {
    for (const timer of this.#timers) (timer as { unref?: () => void } | undefined)?.unref?.()
  }

  async #send(
    script: string,
    keys: readonly string[],
    args: readonly string[],
    since: number,
    action: string,
  ): Promise<unknown> {
    const { connection } = this.#options
    const [key = ""] = keys
    const rest = [String(keys.length), ...keys, ...args]
    let digest = hashes.get(script)
    if (digest === undefined) hashes.set(script, (digest = await hexOf("SHA-1", script)))
    try {
      return await connection.command(["EVALSHA", digest, ...rest], key)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      const lateness = this.lateness(since, action)
      if (lateness !== undefined) throw lateness
      return connection.command(["EVAL", script, ...rest], key)
    }
  }
}

function lateError(action: string): SseStoreError {
  return new SseStoreError(`Cannot ${action}: Redis did not answer within "publishTimeout"`, "store-unavailable")
}
