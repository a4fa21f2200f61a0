import { readFileSync } from 'node:fs'
import { filesUnder } from '../../scripts/runtime/bundle.ts'

const IMPORT = /^(?:import|export)\s(?!type\s)[^'";]*?from '([^'.][^']*)'|^import '([^'.][^']*)'/gm

/** Packages, by the very names that TypeScript files below these folders import; what the runtime itself provides is left out. */
export function importedPackages(folders: readonly string[]): string[] {
  const names = new Set<string>()
  for (const folder of folders) {
    for (const file of filesUnder(folder).filter((name) => name.endsWith('.ts')))
      for (const [, name, bare] of readFileSync(file, 'utf8').matchAll(IMPORT)) names.add(name ?? bare ?? '')
  }
  return [...names].filter((name) => !/^(node|cloudflare):/.test(name)).sort()
}
