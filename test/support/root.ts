import { fileURLToPath } from "node:url"

/** The root of the repository, with a final separator. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url))
