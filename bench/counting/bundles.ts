import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle } from '../../scripts/runtime/bundle.ts'
import { BUILD_DIR, inRoot } from '../../scripts/runtime/paths.ts'

/** The Workers' own bundles, each behind an entry that counts what it asks of the platform. */
export function countedBundles(bundles: readonly Bundle[]): Bundle[] {
  return bundles.map((bundle) => (bundle.worker === 'edge' || bundle.worker === 'pipeline' ? counted(bundle) : bundle))
}

function counted(bundle: Bundle): Bundle {
  const dir = join(BUILD_DIR, 'counting', bundle.worker)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  cpSync(bundle.dir, dir, { recursive: true })
  copyFileSync(inRoot('bench/counting', `${bundle.worker}.mjs`), join(dir, 'entry.mjs'))
  copyFileSync(inRoot('bench/counting/count.mjs'), join(dir, 'count.mjs'))
  const own = bundle.modules.map((module) => ({ ...module, path: join(dir, module.path.slice(bundle.dir.length)) }))
  const added = ['entry.mjs', 'count.mjs'].map((name) => ({ type: 'ESModule' as const, path: join(dir, name) }))
  return { ...bundle, dir, modules: [...added, ...own] }
}
