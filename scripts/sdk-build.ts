import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { inRoot } from './runtime/paths.ts'

const SOURCE = inRoot('sdk/src')
const SDK_DIST = inRoot('sdk/dist')

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  isolatedDeclarations: true,
  declaration: true,
  strict: true,
}

/**
 * Writes the package as it is published: a file of JavaScript and one of types for each of its sources. Nothing is
 * checked here but that each file's types can be told from it alone; `npm run check` has checked the rest.
 * @throws Error naming what cannot be told.
 */
export function buildSdk(): void {
  rmSync(SDK_DIST, { recursive: true, force: true })
  for (const file of globSync('**/*.ts', { cwd: SOURCE })) {
    const text = readFileSync(join(SOURCE, file), 'utf8')
    const code = ts.transpileModule(text, { fileName: file, compilerOptions: OPTIONS })
    const types = ts.transpileDeclaration(text, { fileName: file, compilerOptions: OPTIONS, reportDiagnostics: true })
    const [problem] = types.diagnostics ?? []
    if (problem)
      throw new Error(`${file} at ${problem.start}: ${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}`)
    const out = join(SDK_DIST, file.slice(0, -'.ts'.length))
    mkdirSync(dirname(out), { recursive: true })
    writeFileSync(`${out}.js`, code.outputText)
    writeFileSync(`${out}.d.ts`, types.outputText.replace(/(from '\.[^']*)\.ts'/g, "$1.js'"))
  }
}

if (import.meta.main) {
  buildSdk()
  console.log(`built ${relative(inRoot(), SDK_DIST)}`)
}
