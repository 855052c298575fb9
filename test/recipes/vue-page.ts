import { createApp, h, ref } from "vue"
// @ts-expect-error -- compiled when the page is bundled
import Chat from "../../examples/vue/Chat.vue"
// @ts-expect-error -- compiled when the page is bundled
import Ticker from "../../examples/vue/Ticker.vue"
import { definePage } from "./page.ts"

definePage((element, component, first) => {
  const url = ref(first)
  const app = createApp({ render: () => h({ Chat, Ticker }[component], { url: url.value }) })
  app.mount(element)
  return { setUrl: (next) => void (url.value = next), unmount: () => app.unmount() }
})
