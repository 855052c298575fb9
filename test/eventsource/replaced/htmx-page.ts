/* A page of htmx with its extension for SSE, which uses the global EventSource. It logs the extension's events. */
import htmx from "htmx.org"
// oxlint-disable-next-line import/no-unassigned-import -- it adds itself to htmx
import "htmx-ext-sse"

const said: string[] = []
for (const name of ["sseOpen", "sseError", "sseClose", "sseMessage"]) {
  document.addEventListener(`htmx:${name}`, ({ detail }: CustomEventInit<{ type?: string }>) => {
    said.push(detail?.type === undefined ? name : `${name} ${detail.type}`)
  })
}
Object.assign(globalThis, { said, htmxVersion: htmx.version })
