/* Produces two answers that never end, in a process of its own: one of numbers, one of chat completion chunks. */
import { createClient } from "redis"
import { redisStore } from "../../src/redis/index.ts"
import { createAnswers } from "../../src/server/index.ts"

const [url, lease] = process.argv.slice(2)
const client = createClient({ url: url! })
client.on("error", () => {})
await client.connect()
const answers = createAnswers({ store: redisStore(client), lease: Number(lease) })

async function* endless(dataOf: (number: number) => string) {
  for (let number = 1; ; number++) {
    yield { data: dataOf(number) }
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}

await answers.start("numbers", () => endless(String))
await answers.start("chunks", () =>
  endless((number) =>
    JSON.stringify({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta: { content: `${number} ` }, finish_reason: null }],
    }),
  ),
)
console.log(0)
