/* The behaviours of EventSource, which are defined beside the class's own tests. */
import { EventSource } from "steadystream/eventsource"
import { type Behaviour, type Need, runBehaviour, type Subject } from "../../../eventsource/behaviour.ts"
import { behaviours } from "../../../eventsource/behaviours/index.ts"
import { ENCODES_HEADERS, resolvesAtHeaders, sendsHeaderBytes } from "../asked.ts"
import { Impossible, type SuiteCases, type SuiteContext } from "../suite.ts"

interface Realm {
  readonly offers: readonly Need[]
  readonly subject: Subject
}

/** What a behaviour needs that the runtime lacks. */
const LACKS: Readonly<Record<Need, string>> = {
  base: "it has no base URL",
  "no base": "it has a base URL",
  cors: "its fetch does not enforce CORS",
  cookies: "its fetch keeps no cookies",
  document: "it has no document",
  "blob URLs": "it has no URLs of blobs",
  "ending dispatch": "an event keeps its currentTarget after its dispatch",
  reportError: "it reports no error to the global scope",
  "early headers": "its fetch resolves at the first byte of the body",
  "header bytes": ENCODES_HEADERS,
}

let asked: Promise<Realm> | undefined

/** Asks the runtime once for everything that a behaviour may need. */
async function realmOf(context: SuiteContext): Promise<Realm> {
  const cors = await enforcesCors(context)
  const has: Readonly<Record<Need, boolean>> = {
    base: hasBase(),
    "no base": !hasBase(),
    cors,
    cookies: await keepsCookies(context),
    document: typeof document !== "undefined",
    "blob URLs": hasBlobUrls(),
    "ending dispatch": endsDispatch(),
    reportError: reportsErrors(),
    "early headers": await resolvesAtHeaders(context),
    "header bytes": await sendsHeaderBytes(context),
  }
  const offers = (Object.keys(has) as Need[]).filter((need) => has[need])
  const cache = await asksCaches(context)
  return { offers, subject: cors ? "ours in Chromium" : cache ? "ours in Node" : "ours in Bun" }
}

function hasBase(): boolean {
  try {
    return new Request("relative").url !== ""
  } catch {
    return false
  }
}

function hasBlobUrls(): boolean {
  try {
    URL.revokeObjectURL(URL.createObjectURL(new Blob([])))
    return true
  } catch {
    return false
  }
}

function endsDispatch(): boolean {
  const event = new Event("asked")
  new EventTarget().dispatchEvent(event)
  return event.currentTarget === null
}

async function enforcesCors({ script, signal }: SuiteContext): Promise<boolean> {
  const { otherUrl } = await script([{ headers: { "access-control-allow-origin": "http://example.org" } }])
  return fetch(otherUrl, { signal }).then(
    () => false,
    () => true,
  )
}

async function keepsCookies({ origins, script, signal }: SuiteContext): Promise<boolean> {
  await fetch(`${origins[0]}/cookie?name=jar&value=1`, { credentials: "include", signal })
  const { url, seen } = await script([{}])
  await fetch(url, { signal })
  return (await seen(1))[0]!.headers["cookie"]?.includes("jar=1") === true
}

async function asksCaches({ script, signal }: SuiteContext): Promise<boolean> {
  const { url, seen } = await script([{}])
  await fetch(url, { cache: "no-store", signal })
  return (await seen(1))[0]!.headers["cache-control"] === "no-cache"
}

/** Whether an uncaught error is an event of the global scope. It is not tried, because Bun ends with an error then. */
function reportsErrors(): boolean {
  return typeof reportError === "function" && globalThis instanceof EventTarget
}

async function behave(behaviour: Behaviour, context: SuiteContext): Promise<void> {
  asked ??= realmOf(context)
  const { offers, subject } = await asked
  const { outcome, detail } = await runBehaviour(behaviour, { EventSource, origins: context.origins, subject, offers })
  if (outcome === "failed") throw new Error(detail)
  if (outcome === "excused") throw new Impossible(detail)
  if (outcome === "absent") {
    throw new Impossible(
      behaviour
        .needs!.filter((need) => !offers.includes(need))
        .map((need) => LACKS[need])
        .join(", "),
    )
  }
}

export const eventSource: SuiteCases = Object.fromEntries(
  behaviours.map((behaviour) => [`${behaviour.area}: ${behaviour.name}`, (context) => behave(behaviour, context)]),
)
