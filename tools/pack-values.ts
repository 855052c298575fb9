/* Compares the values that the declarations of each entry promise with those that the entry exports. */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import ts from "typescript"

/**
 * Returns the names that an entry declares as a value but does not export, and the other way round. The bundler of the
 * declarations once declared a class that the entry exports only as a type.
 *
 * @param directory - The folder of the installed package.
 * @param entries - The paths of the entries, such as `"./client"`, and the files of their declarations and their code.
 */
export async function differentValues(
  directory: string,
  entries: Readonly<Record<string, { readonly types: string; readonly default: string }>>,
): Promise<string[]> {
  const files = Object.values(entries).map(({ types }) => join(directory, types))
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, skipLibCheck: true })
  const checker = program.getTypeChecker()
  const different: string[] = []
  for (const [entry, { types, default: code }] of Object.entries(entries)) {
    const source = checker.getSymbolAtLocation(program.getSourceFile(join(directory, types))!)!
    const declared = checker.getExportsOfModule(source).filter((symbol) => isValue(checker, symbol))
    const names = new Set(declared.map(({ name }) => name))
    const exported = new Set(Object.keys((await import(pathToFileURL(join(directory, code)).href)) as object))
    different.push(...[...names.symmetricDifference(exported)].map((name) => `${name} of ${entry}`))
  }
  return different
}

function isValue(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  return (target.flags & ts.SymbolFlags.Value) !== 0
}
