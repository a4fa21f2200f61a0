import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Where bundles and caches of builds live. */
export const BUILD_DIR = join(ROOT, '.build')

/** Where Node keeps what it compiled, of wrangler above all. */
export const COMPILED_DIR = join(BUILD_DIR, 'compiled')

/** Absolute path of a project file. */
export const inRoot = (...parts: string[]) => join(ROOT, ...parts)

/** Path of a program that a dependency ships, to be run with this very Node. */
export function programOf(packageName: string, program: string = packageName): string {
  // Looked for by hand: many packages do not export their package.json.
  const home = [inRoot('node_modules', packageName), inRoot('web/node_modules', packageName)].find((path) =>
    existsSync(path),
  )
  if (!home) throw new Error(`${packageName} is not installed: run npm ci`)
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>
  }
  const relative = typeof bin === 'string' ? bin : bin[program]
  if (relative === undefined) throw new Error(`${packageName} ships no program named ${program}`)
  return join(home, relative)
}
