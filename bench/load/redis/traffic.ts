/* What a Redis has done in a time, by its own counts. */
import { encodeCommand } from "../../../test/support/redis-command.ts"
import type { RedisServer } from "../../../test/support/redis-server.ts"
import { stamp } from "../stamp.ts"

export interface Traffic {
  /** The commands that clients have sent. */
  readonly sent: number
  /** The commands that scripts have called. */
  readonly inside: number
  /** The bytes from clients, and to clients. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** The CPU time of Redis, in milliseconds. */
  readonly cpu: number
  readonly ms: number
}

/** What a client sends to a store that runs scripts; all other commands are then called by the scripts. */
const SENT = /^(?:evalsha|eval|subscribe|unsubscribe|client|hello|ping)/

/** The commands of the measurement itself. */
const OWN = /^(?:info|config)/
const ASK = ["INFO", "everything"] as const

/** Measures what Redis does from the call until `step` resolves. */
export async function trafficOf(redis: RedisServer, step: () => Promise<unknown>): Promise<Traffic> {
  const cpu = cpuOf(await infoOf(redis))
  await redis.command("CONFIG", "RESETSTAT")
  const start = stamp()
  await step()
  const ms = stamp() - start
  const info = await infoOf(redis)
  let [sent, inside] = [0, 0]
  const calls = [...info.matchAll(/^cmdstat_(\S+):calls=(\d+)/gmu)].filter(([, name]) => !OWN.test(name!))
  const runsScripts = calls.some(([, name]) => name!.startsWith("eval"))
  for (const [, name, count] of calls) {
    if (runsScripts && !SENT.test(name!)) inside += Number(count)
    else sent += Number(count)
  }
  return {
    sent,
    inside,
    bytesIn: numberOf(info, "total_net_input_bytes") - encodeCommand(ASK).length,
    bytesOut: numberOf(info, "total_net_output_bytes") - "+OK\r\n".length,
    cpu: cpuOf(info) - cpu,
    ms,
  }
}

/** The memory of all keys of a Redis, in bytes, by MEMORY USAGE of each. */
export async function memoryOf(redis: RedisServer): Promise<number> {
  let bytes = 0
  for (const key of (await redis.command("KEYS", "*")) as readonly string[]) {
    bytes += Number(await redis.command("MEMORY", "USAGE", key, "SAMPLES", 0))
  }
  return bytes
}

async function infoOf(redis: RedisServer): Promise<string> {
  return String(await redis.command(...ASK))
}

function cpuOf(info: string): number {
  return 1_000 * (numberOf(info, "used_cpu_user") + numberOf(info, "used_cpu_sys"))
}

function numberOf(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(.*)$`, "mu").exec(info)?.[1])
}
