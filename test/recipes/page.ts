/* The functions that the test calls in the page. Each framework's page mounts its own components. */
export type Component = "Ticker" | "Chat"

interface Mounted {
  setUrl(url: string): void
  unmount(): void
}

export interface RecipePage extends Mounted {
  mount(component: Component, url: string): void
}

export function definePage(mount: (element: Element, component: Component, url: string) => Mounted): void {
  const recipe = {
    mount(component: Component, url: string) {
      Object.assign(recipe, mount(document.querySelector("#root")!, component, url))
    },
  }
  Object.assign(globalThis, { recipe })
}
