import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BUILD_DIR, ROOT, inRoot, programOf } from '../runtime/paths.ts'
import { runNode, type RunResult } from '../runtime/run.ts'

const FOLDERS = ['workers', 'web', 'sdk', 'scripts', 'examples', 'bench']

const cruise = (cwd: string, folders: readonly string[]): Promise<RunResult> =>
  runNode(programOf('dependency-cruiser', 'depcruise'), [...folders, '--output-type', 'err'], { cwd })

/** The arrows between the parts, as .dependency-cruiser.cjs draws them. */
export async function checkImports(exists: (folder: string) => boolean): Promise<RunResult> {
  const blind = await canary()
  if (blind) return { code: 1, output: blind }
  return cruise(ROOT, FOLDERS.filter(exists))
}

/** Breaks three rules in a tree of its own; a checker that sees none of them is no checker. */
async function canary(): Promise<string | undefined> {
  const home = join(BUILD_DIR, 'canary')
  const files = {
    'workers/domain/impure.ts':
      "import { readFileSync } from 'node:fs'\nimport { store } from '../adapters/store.ts'\nexport const x = [readFileSync, store]\n",
    'workers/adapters/store.ts': 'export const store = 1\n',
    'web/src/nosy.ts': "import { store } from '../../workers/adapters/store.ts'\nexport const y = store\n",
  }
  await rm(home, { recursive: true, force: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(home, path, '..'), { recursive: true })
    await writeFile(join(home, path), text)
  }
  await mkdir(join(home, 'scripts/check'), { recursive: true })
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'scripts/check/imports.tsconfig.json']) {
    await copyFile(inRoot(file), join(home, file))
  }
  const { code, output } = await cruise(home, ['workers', 'web'])
  await rm(home, { recursive: true, force: true })
  const seen = ['domain-is-pure', 'platform-has-its-places', 'web-sees-contract-only'].filter((rule) =>
    output.includes(rule),
  )
  return code !== 0 && seen.length === 3
    ? undefined
    : `the import checker overlooked a forbidden import of its canary:\n${output}`
}
