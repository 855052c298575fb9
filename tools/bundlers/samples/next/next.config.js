import { resolve } from "node:path"

// The nearest folder with a node_modules is the root of the project, not the repository around it.
export default { turbopack: { root: resolve(import.meta.dirname, "../..") } }
