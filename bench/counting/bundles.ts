import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle } from '../../scripts/runtime/bundle.ts'
import { BUILD_DIR, inRoot } from '../../scripts/runtime/paths.ts'

/** What stands before the Workers' own bundles: counters, or the yardstick of the guard. */
export type Front = 'counting' | 'yardstick'

const FILES: Record<Front, string[]> = { counting: ['count.mjs'], yardstick: [] }

/** The bundles of edge and pipeline, each behind an entry of its own. */
export function frontedBundles(bundles: readonly Bundle[], front: Front): Bundle[] {
  return bundles.map((bundle) =>
    bundle.worker === 'edge' || bundle.worker === 'pipeline' ? fronted(bundle, front) : bundle,
  )
}

function fronted(bundle: Bundle, front: Front): Bundle {
  const dir = join(BUILD_DIR, front, bundle.worker)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  cpSync(bundle.dir, dir, { recursive: true })
  const from = inRoot('bench', front)
  copyFileSync(join(from, `${bundle.worker}.mjs`), join(dir, 'entry.mjs'))
  for (const file of FILES[front]) copyFileSync(join(from, file), join(dir, file))
  const own = bundle.modules.map((module) => ({ ...module, path: join(dir, module.path.slice(bundle.dir.length)) }))
  const added = ['entry.mjs', ...FILES[front]].map((name) => ({ type: 'ESModule' as const, path: join(dir, name) }))
  return { ...bundle, dir, modules: [...added, ...own] }
}
