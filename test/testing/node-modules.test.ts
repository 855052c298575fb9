import { expect, test, vi } from "vitest"
import { startFaultServer } from "steadystream/testing"

test("startFaultServer() names the module of Node that the platform does not have", async () => {
  const getBuiltinModule = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined)
  await expect(startFaultServer([])).rejects.toThrow(
    new TypeError("Cannot start fault server: the platform must have node:http"),
  )
  getBuiltinModule.mockRestore()
  await (await startFaultServer([])).close()
})
