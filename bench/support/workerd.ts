import { createRequire } from 'node:module'

/** The workerd binary that the local runtime uses as well. */
export function workerdPath(): string {
  const miniflare = createRequire(import.meta.url).resolve('miniflare')
  const { default: path } = createRequire(miniflare)('workerd') as { default: string }
  return path
}
