import { buildAll } from './runtime/build.ts'
import { reasonOf } from './runtime/errors.ts'

try {
  await buildAll({ withWeb: true, log: (line) => console.log(line) })
} catch (error) {
  console.error(reasonOf(error))
  process.exitCode = 1
}
