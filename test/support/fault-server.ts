import { type FaultScript, type FaultServer, startFaultServer } from "steadystream/testing"
import { onTestFinished } from "vitest"

/** Starts a fault server for one test. */
export async function faultServerOfTest(script: FaultScript): Promise<FaultServer> {
  const server = await startFaultServer(script)
  onTestFinished(() => server.close())
  return server
}
