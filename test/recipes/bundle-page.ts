/* Bundles a recipe's page as an application's build does: Vue and Svelte components go through their own compilers. */
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Plugin, type PluginBuild } from "esbuild"
import { compile as compileSvelte } from "svelte/compiler"
import { compileScript, parse } from "vue/compiler-sfc"

const root = fileURLToPath(new URL("../..", import.meta.url))

const vue: Plugin = {
  name: "vue",
  setup({ onLoad }: PluginBuild) {
    onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const { descriptor } = parse(await readFile(path, "utf8"), { filename: path })
      const { content } = compileScript(descriptor, { id: basename(path), inlineTemplate: true })
      return { contents: content, loader: "ts" }
    })
  },
}

const svelte: Plugin = {
  name: "svelte",
  setup({ onLoad }: PluginBuild) {
    onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const { js } = compileSvelte(await readFile(path, "utf8"), {
        filename: path,
        generate: "client",
        css: "injected",
      })
      return { contents: js.code, loader: "js" }
    })
  },
}

export async function bundlePage(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}test/recipes/${entry}`],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    jsx: "automatic",
    conditions: ["browser", "development"],
    define: { "process.env.NODE_ENV": '"development"', __VUE_OPTIONS_API__: "false", __VUE_PROD_DEVTOOLS__: "false" },
    alias: {
      steadystream: `${root}dist/index.js`,
      "steadystream/client": `${root}dist/client.js`,
      "steadystream/openai": `${root}dist/openai.js`,
    },
    plugins: [vue, svelte],
    logLevel: "silent",
  })
  return outputFiles[0]!.text
}
