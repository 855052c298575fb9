/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource */
import { type Behaviour, type Context, equal, next, ok, oursEverywhere, record, throws } from "../behaviour.ts"

const area = "constructor"

/** A URL that can be parsed but not fetched fails after the constructor has returned. */
function failing(url: string, more: Partial<Behaviour> = {}): Behaviour {
  return {
    area,
    name: `${url.split(":")[0]}: is an error event and CLOSED, and no SyntaxError`,
    ...more,
    async run({ connect }: Context) {
      const source = connect(url)
      equal([source.readyState, source.url], [0, url])
      const recording = record(source)
      equal(await recording.atLeast(1), ["error 2"])
      ok(!(recording.events[0] instanceof MessageEvent), "it is a plain event")
    },
  }
}

function stringified(what: string, value: unknown, path: string): Behaviour {
  return {
    area,
    name: `${what} is stringified`,
    needs: ["base"],
    run({ connect }) {
      const source = connect(value as string)
      source.close()
      equal(source.url, new URL(path, globalThis.location.href).href)
    },
  }
}

export const constructorBehaviours: readonly Behaviour[] = [
  {
    area,
    name: "a URL that cannot be parsed is a SyntaxError",
    run({ EventSource }) {
      for (const url of ["http://[", "http://a:b", "https://a:b", "http://%zz/", "https://"]) {
        const error = throws("SyntaxError", () => new EventSource(url))
        ok(error instanceof DOMException && error.code === 12, "it is a DOMException with code 12")
      }
    },
  },
  {
    area,
    name: "a relative URL is resolved against the base",
    needs: ["base"],
    async run({ connect, script }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      const source = connect(new URL(url).pathname)
      equal(source.url, url)
      equal((await next(source)).data, "a")
    },
  },
  {
    area,
    name: "a relative URL without a base is a SyntaxError",
    needs: ["no base"],
    run({ EventSource }) {
      for (const url of ["/stream", "stream", ""]) throws("SyntaxError", () => new EventSource(url))
    },
  },
  {
    area,
    name: "an empty URL is the base",
    needs: ["base"],
    run({ connect }) {
      const source = connect("")
      source.close()
      equal(source.url, globalThis.location.href)
    },
  },
  stringified("null", null, "null"),
  stringified("undefined", undefined, "undefined"),
  stringified("a number", 12, "12"),
  stringified("an object", { toString: () => "from-an-object?a=b" }, "from-an-object?a=b"),
  stringified("a lone surrogate", "\uD800", "%EF%BF%BD"),
  {
    area,
    name: "a URL object is accepted",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      const source = connect(new URL(url))
      equal(source.url, url)
      equal((await next(source)).data, "a")
    },
  },
  {
    area,
    name: "a symbol is a TypeError, and an error of toString is rethrown",
    run({ EventSource }) {
      throws("TypeError", () => new EventSource(Symbol("url") as unknown as string))
      const url = {
        toString() {
          throw new RangeError("no")
        },
      }
      throws("RangeError", () => new EventSource(url as unknown as string))
    },
  },
  {
    area,
    name: "url is the serialised URL, with its fragment, which is not sent",
    async run({ connect, script }) {
      const { url, seen } = await script([{ ending: "hold" }])
      const path = new URL(url).pathname
      const source = connect(`${url.replace("http:", "HTTP:").replace("/stream", "/a/../stream")}?q=ä#frag`)
      equal(source.url, `${url}?q=%C3%A4#frag`)
      equal((await seen(1))[0]!.url, `${path}?q=%C3%A4`)
    },
  },
  {
    area,
    name: "withCredentials is a boolean, and false by default",
    async run({ connect, script }) {
      const { url } = await script([{ ending: "hold" }])
      const values = [
        undefined,
        null,
        {},
        { withCredentials: false },
        { withCredentials: true },
        { withCredentials: "yes" },
      ]
      const credentials = values.map((init) => {
        const source = connect(url, init as EventSourceInit)
        source.close()
        return source.withCredentials
      })
      equal(credentials, [false, false, false, false, true, true])
    },
  },
  {
    area,
    name: "an init that is not an object is a TypeError",
    async run({ EventSource, script }) {
      const { url } = await script([{ ending: "hold" }])
      throws("TypeError", () => new EventSource(url, 5 as unknown as EventSourceInit))
      throws("TypeError", () => new EventSource(url, "credentials" as unknown as EventSourceInit))
    },
  },
  {
    area,
    name: "the state is CONNECTING and no event has fired when the constructor returns",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      const source = connect(url)
      const recording = record(source)
      equal([source.readyState, recording.lines.length], [0, 0])
      equal(await recording.atLeast(2), ["open 1", "message 1 a"])
    },
  },
  failing("ftp://example.invalid/"),
  failing("mailto:user@example.invalid"),
  failing("javascript:void(0)"),
  failing("about:blank"),
  failing("file:///nowhere"),
  {
    area,
    name: "data: is a stream",
    async run({ connect }) {
      const source = connect("data:text/event-stream,data:%20a%0A%0A")
      const { data, origin } = await next(source)
      equal([data, origin], ["a", "null"])
    },
  },
  {
    area,
    name: "blob: is a stream",
    needs: ["blob URLs"],
    async run({ connect }) {
      const url = URL.createObjectURL(new Blob(["data: a\n\n"], { type: "text/event-stream" }))
      equal((await next(connect(url))).data, "a")
      URL.revokeObjectURL(url)
    },
  },
  {
    area,
    name: "a user name and a password in the URL are sent",
    excuses: {
      ...oursEverywhere("fetch refuses a URL with credentials; a header is the way"),
      "native Chromium": "it refuses a subresource whose URL has credentials",
    },
    async run({ connect, script }) {
      const { url, seen } = await script([{ ending: "hold" }])
      connect(url.replace("//", "//user:pass@"))
      equal((await seen(1))[0]!.headers["authorization"], `Basic ${btoa("user:pass")}`)
    },
  },
]
