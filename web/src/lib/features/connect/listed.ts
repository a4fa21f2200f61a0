import type { GROUPS } from './client.ts'

/** A client in the list, without its lines. */
export interface Listed {
  id: string
  name: string
  group: (typeof GROUPS)[number]
  words: string
}

/** Those of whose name, group or other words each word that was typed is a part. */
export function found(clients: readonly Listed[], typed: string): Listed[] {
  const parts = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return clients.filter(({ name, group, words }) => {
    const text = `${name} ${group} ${words}`.toLowerCase()
    return parts.every((part) => text.includes(part))
  })
}
