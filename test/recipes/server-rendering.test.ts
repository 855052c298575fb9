import { createElement } from "react"
import { renderToString as renderReact } from "react-dom/server"
import { get } from "svelte/store"
import { afterEach, expect, test, vi } from "vitest"
import { createSSRApp, h } from "vue"
import { renderToString as renderVue } from "vue/server-renderer"
import { useEventStream as useReactStream } from "../../examples/react/hooks.ts"
import { eventStream } from "../../examples/svelte/stores.ts"
import { useEventStream as useVueStream } from "../../examples/vue/composables.ts"

const URL_OF_STREAM = "https://example.com/stream"

afterEach(() => vi.unstubAllGlobals())

const renderings: Readonly<Record<string, () => string | Promise<string>>> = {
  "useEventStream() of React": () =>
    renderReact(createElement(() => createElement("p", null, useReactStream(URL_OF_STREAM).state))),
  "useEventStream() of Vue": () =>
    renderVue(
      createSSRApp({
        setup() {
          const view = useVueStream(URL_OF_STREAM)
          return () => h("p", view.value.state)
        },
      }),
    ),
  "eventStream() of Svelte": () => `<p>${get(eventStream(URL_OF_STREAM)).state}</p>`,
}

test.each(Object.entries(renderings))("%s sends no request when a server renders it", async (_, render) => {
  const fetch = vi.fn(() => new Promise<Response>(() => {}))
  vi.stubGlobal("fetch", fetch)
  expect(await render()).toBe("<p>connecting</p>")
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(fetch).not.toHaveBeenCalled()
})
