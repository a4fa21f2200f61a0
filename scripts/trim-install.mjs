// The package that brings Node 24 brings 67 MB of C headers too, for building native add-ons: there are none here.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const builds = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/node/node_modules')
for (const build of existsSync(builds) ? readdirSync(builds) : []) {
  rmSync(join(builds, build, 'include'), { recursive: true, force: true })
}
