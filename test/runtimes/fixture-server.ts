import { startScenarioServer } from "../support/scenario-server.ts"

/** The server that the suite talks to, with two origins on the loopback interface. */
export interface FixtureServer {
  /** The first origin, for the option of the suite. */
  readonly origin: string
  /** Sets the response to a GET of `path`. */
  addPage(path: string, type: string, body: string): void
  close(): Promise<void>
}

/** Starts the fixture server. A script that a case sends decides its replies. */
export async function startFixtureServer(): Promise<FixtureServer> {
  const server = await startScenarioServer()
  server.addPage("/origins", "application/json", JSON.stringify(server.origins))
  return { origin: server.origins[0], addPage: server.addPage, close: server.close }
}
