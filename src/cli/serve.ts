/* `serve`: a server with scenarios to try a client against. */
import type { Command } from "./command.ts"
import { PORT_FLAG } from "./replay.ts"
import { ScenarioServer, SCENARIOS } from "./serve/scenario-server.ts"

export const SERVE: Command = {
  name: "serve",
  summary: "Starts a server on 127.0.0.1 with streams that end well, break, fail, and answer as a model does.",
  operands: [],
  flags: { port: PORT_FLAG },
  run: async (given, terminal) => {
    const port = given.number("port", { max: 65_535, isInteger: true })
    const server = await ScenarioServer.listen(port ?? 0)
    try {
      await terminal.write(`${server.url}\n`)
      const { dim } = terminal.errorColours
      for (const [request, about] of SCENARIOS) terminal.note(`  ${request.padEnd(28)}${dim(about)}`)
      terminal.note(dim("Ctrl-C ends the server."))
      return await terminal.untilEnded()
    } finally {
      await server.close()
    }
  },
}
