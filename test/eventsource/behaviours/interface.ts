/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface, as Web IDL shapes it */
import { type Behaviour, equal, next, ok, throws } from "../behaviour.ts"

const area = "interface"
const STATES = { CONNECTING: 0, OPEN: 1, CLOSED: 2 } as const
const ATTRIBUTES = ["url", "withCredentials", "readyState", "onopen", "onmessage", "onerror"]

function attributeOf(prototype: object, name: string): PropertyDescriptor {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  ok(descriptor !== undefined, `the prototype has ${name}`)
  return descriptor!
}

export const interfaceBehaviours: readonly Behaviour[] = [
  {
    area,
    name: "the states are constants of the class and of its prototype",
    run({ EventSource }) {
      for (const owner of [EventSource, EventSource.prototype]) {
        for (const [name, value] of Object.entries(STATES)) {
          const { configurable, enumerable, writable, value: actual } = attributeOf(owner, name)
          equal(
            { configurable, enumerable, writable, actual },
            { configurable: false, enumerable: true, writable: false, actual: value },
          )
        }
      }
    },
  },
  {
    area,
    name: "an instance has the states",
    async run({ connect, script }) {
      const source = connect((await script([{ ending: "hold" }])).url)
      equal([source.CONNECTING, source.OPEN, source.CLOSED], [0, 1, 2])
    },
  },
  {
    area,
    name: "the attributes are enumerable accessors of the prototype",
    run({ EventSource }) {
      for (const name of ATTRIBUTES) {
        const attribute = attributeOf(EventSource.prototype, name)
        const isHandler = name.startsWith("on")
        equal([typeof attribute.get, attribute.set !== undefined], ["function", isHandler], name)
        equal([attribute.enumerable, attribute.configurable], [true, true], name)
      }
    },
  },
  {
    area,
    name: "close is an enumerable method without parameters",
    run({ EventSource }) {
      const { value, enumerable, writable } = attributeOf(EventSource.prototype, "close")
      equal([typeof value, (value as () => void).length, enumerable, writable], ["function", 0, true, true])
    },
  },
  {
    area,
    name: "the class is called EventSource, needs one argument and extends EventTarget",
    run({ EventSource }) {
      equal([EventSource.name, EventSource.length], ["EventSource", 1])
      ok(Object.getPrototypeOf(EventSource) === EventTarget, "it extends EventTarget")
      equal(Object.prototype.toString.call(EventSource.prototype), "[object EventSource]")
    },
  },
  {
    area,
    name: "an instance has no properties of its own",
    async run({ connect, script }) {
      const source = connect((await script([{ ending: "hold" }])).url)
      equal(
        Reflect.ownKeys(source).filter((key) => typeof key === "string"),
        [],
      )
      ok(source instanceof EventTarget, "it is an EventTarget")
      equal(Object.prototype.toString.call(source), "[object EventSource]")
    },
  },
  {
    area,
    name: "the class cannot be called without new or without a URL",
    run({ EventSource }) {
      throws("TypeError", () => (EventSource as unknown as (url: string) => void)("http://127.0.0.1/"))
      throws("TypeError", () => new (EventSource as unknown as new () => EventSource)())
    },
  },
  {
    area,
    name: "an attribute of another object is a TypeError",
    run({ EventSource }) {
      throws("TypeError", () => EventSource.prototype.readyState)
      throws("TypeError", () => EventSource.prototype.close.call({}))
      throws("TypeError", () => attributeOf(EventSource.prototype, "onopen").get!.call(new EventTarget()))
    },
  },
  {
    area,
    name: "url, withCredentials and readyState cannot be assigned",
    async run({ connect, script }) {
      const { url } = await script([{ ending: "hold" }])
      const source = connect(url) as unknown as Record<string, unknown>
      for (const name of ["url", "withCredentials", "readyState", "CLOSED"]) {
        throws("TypeError", () => (source[name] = 9))
      }
      equal([source["url"], source["withCredentials"], source["CLOSED"]], [url, false, 2])
    },
  },
  {
    area,
    name: "an instance of a subclass is an EventSource",
    async run({ EventSource, script }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      class Special extends EventSource {
        seen = ""
      }
      const source = new Special(url)
      source.onmessage = function (event) {
        ;(this as Special).seen = event.data as string
      }
      await next(source)
      equal(source.seen, "a")
      source.close()
      equal(source.readyState, Special.CLOSED)
    },
  },
]
