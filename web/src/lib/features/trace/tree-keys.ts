import type { SpanNode, SpanTree } from './span-tree.ts'

export type TreeMove = { select: string } | { expand: string } | { collapse: string } | null

/** What a key does in the tree, as the ARIA pattern of tree views has it. */
export function treeMove(
  key: string,
  rows: readonly SpanNode[],
  tree: SpanTree,
  selected: string | null,
  collapsed: ReadonlySet<string>,
): TreeMove {
  const at = rows.findIndex((row) => row.span.id === selected)
  const node = rows[at]
  const select = (row: SpanNode | undefined): TreeMove => (row === undefined ? null : { select: row.span.id })
  if (node === undefined)
    return ['ArrowDown', 'ArrowUp', 'Home', 'Enter'].includes(key)
      ? select(rows[0])
      : key === 'End'
        ? select(rows.at(-1))
        : null
  switch (key) {
    case 'ArrowDown':
      return select(rows[at + 1])
    case 'ArrowUp':
      return select(rows[at - 1])
    case 'Home':
      return select(rows[0])
    case 'End':
      return select(rows.at(-1))
    case 'PageDown':
      return select(rows[Math.min(rows.length - 1, at + 10)])
    case 'PageUp':
      return select(rows[Math.max(0, at - 10)])
    case 'ArrowRight':
      if (node.children.length === 0) return null
      return collapsed.has(node.span.id) ? { expand: node.span.id } : select(node.children[0])
    case 'ArrowLeft':
      if (node.children.length > 0 && !collapsed.has(node.span.id)) return { collapse: node.span.id }
      return node.span.parent_id === null ? null : select(tree.byId.get(node.span.parent_id))
    default:
      return null
  }
}

/** Ids above a span: what must be open for it to be seen. */
export function ancestorsOf(tree: SpanTree, id: string): string[] {
  const ids: string[] = []
  let at = tree.byId.get(id)?.span.parent_id ?? null
  while (at !== null) {
    ids.push(at)
    at = tree.byId.get(at)?.span.parent_id ?? null
  }
  return ids
}
