import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Where bundles and caches of builds live. */
export const BUILD_DIR = join(ROOT, '.build')

/** Absolute path of a project file. */
export const inRoot = (...parts: string[]) => join(ROOT, ...parts)

const require = createRequire(import.meta.url)

/** Path of a program that a dependency ships, to be run with this very Node. */
export function programOf(packageName: string, program: string = packageName): string {
  const manifest = require.resolve(`${packageName}/package.json`)
  const { bin } = require(manifest) as { bin: string | Record<string, string> }
  const relative = typeof bin === 'string' ? bin : bin[program]
  if (relative === undefined) throw new Error(`${packageName} ships no program named ${program}`)
  return join(dirname(manifest), relative)
}
