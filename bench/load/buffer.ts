import { Buffer as untyped } from 'node:buffer'

/** Node's Buffer with its type: the types of Workers, which this project loads as well, declare it as `any`. */
export const Buffer = untyped as BufferConstructor
export type Buffer = globalThis.Buffer
