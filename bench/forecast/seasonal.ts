import { readFileSync } from 'node:fs'
import { inRoot } from '../../scripts/runtime/paths.ts'
import { mstlModel } from '../../workers/adapters/forecast/mstl.ts'

const WASM = 'node_modules/@bsull/augurs/mstl_bg.wasm'

/** The model that the pipeline uses, in Node. */
export const seasonalInNode = () => mstlModel(() => readFileSync(inRoot(WASM)))
