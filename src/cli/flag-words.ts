/* The messages of the library name its options: here they name the flags that set them. */

const FLAGS: Readonly<Record<string, string>> = {
  body: "--data",
  headers: "--header",
  lastEventId: "--last-event-id",
  maxBytes: "--max-bytes",
  method: "--method",
  port: "--port",
  "retry.maxRetries": "--retries",
  speed: "--speed",
  "timeouts.eventIdle": "--idle",
  "timeouts.idle": "--idle",
  "timeouts.total": "--timeout",
  until: "--until",
}

/** Returns a message of the library with flags for options. Times are in seconds, as in the flags. */
export function flagWords(message: string): string {
  return message
    .replaceAll(/"timeouts\.(?:connect|firstEvent)" of (\d+) ms has passed/g, (_, ms) => {
      return `no answer came within ${Number(ms) / 1_000} s`
    })
    .replaceAll(/"(timeouts\.\w+)" of (\d+) ms/g, (_, name, ms) => `"${name}" of ${Number(ms) / 1_000} s`)
    .replaceAll('set "until" or "retry: false"', 'use "--until" or "--retries 0"')
    .replaceAll(/"([\w.]+)"/g, (quoted, name: string) => {
      return Object.hasOwn(FLAGS, name) ? `"${FLAGS[name]}"` : quoted
    })
}
