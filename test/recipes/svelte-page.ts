import { flushSync, mount, unmount } from "svelte"
import Page from "./Page.svelte"
import { definePage } from "./page.ts"

definePage((target, component, first) => {
  const page = mount(Page, { target, props: { component, first } }) as { setUrl(url: string): void }
  flushSync()
  return { setUrl: (url) => page.setUrl(url), unmount: () => void unmount(page) }
})
