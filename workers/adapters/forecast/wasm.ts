// The package does not export its WebAssembly, and Workers take only what was compiled when they were uploaded.
import module from '../../../node_modules/@bsull/augurs/mstl_bg.wasm?module'

export const mstlWasm: WebAssembly.Module = module
