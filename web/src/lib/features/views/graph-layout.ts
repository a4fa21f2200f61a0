import type { GraphEdge, PanelData } from './panel.ts'

const ROW = 26
const THICK_MAX = 14
const THICK_MIN = 1.5

export interface GraphNode {
  key: string
  label: string
  layer: 0 | 1
  calls: number
  failed: number
  /** Its middle. */
  y: number
}

/** Places both layers from the most failures down, each spread over the height of the longer, and sizes the lines. */
export function laidOut(edges: readonly GraphEdge[]) {
  const layers = [nodesOf(edges, 0), nodesOf(edges, 1)] as const
  const height = Math.max(1, layers[0].length, layers[1].length) * ROW
  for (const nodes of layers) nodes.forEach((node, at) => (node.y = ((at + 0.5) * height) / nodes.length))
  const nodes = layers.flat()
  const at = new Map(nodes.map(({ key, y }) => [key, y]))
  const most = Math.max(1, ...edges.map(({ calls }) => calls))
  return {
    height,
    nodes,
    // What failed is drawn last, above what did not.
    edges: edges.toReversed().map((edge) => ({
      edge,
      from: at.get(nodeKey(edge, 0)) ?? 0,
      to: at.get(nodeKey(edge, 1)) ?? 0,
      // By the square root, so that a rare call can still be seen and hit.
      thick: Math.max(THICK_MIN, THICK_MAX * Math.sqrt(edge.calls / most)),
    })),
  }
}

function nodesOf(edges: readonly GraphEdge[], layer: 0 | 1): GraphNode[] {
  const nodes = new Map<string, GraphNode>()
  for (const edge of edges) {
    const key = nodeKey(edge, layer)
    const label = layer === 0 ? edge.from : edge.to
    const node = nodes.get(key) ?? { key, label, layer, calls: 0, failed: 0, y: 0 }
    node.calls += edge.calls
    node.failed += edge.failed
    nodes.set(key, node)
  }
  return [...nodes.values()].sort((a, b) => b.failed - a.failed || b.calls - a.calls || a.label.localeCompare(b.label))
}

/** A model and a tool of one name are two nodes. */
const nodeKey = (edge: GraphEdge, layer: 0 | 1) => (layer === 0 ? `0 ${edge.from}` : `1 ${edge.kind} ${edge.to}`)

/** The lines of a graph as a table, for screen readers and for copying. */
export function graphTable({
  layers,
  edges,
}: Extract<PanelData, { type: 'graph' }>): Extract<PanelData, { type: 'table' }> {
  return {
    type: 'table',
    columns: [
      { key: 'from', label: layers[0], format: 'text' },
      { key: 'to', label: layers[1], format: 'text' },
      { key: 'kind', label: 'Kind', format: 'text' },
      { key: 'calls', label: 'Calls', format: 'count' },
      { key: 'failed', label: 'Failed', format: 'count' },
      { key: 'rate', label: 'Error rate', format: 'percent' },
      { key: 'retries', label: 'Retries', format: 'count' },
    ],
    rows: edges.map(({ key, from, to, kind, calls, failed, retries, href }) => ({
      key,
      cells: { from, to, kind, calls, failed, rate: calls === 0 ? null : failed / calls, retries },
      ...(href !== undefined && { href }),
    })),
    bar: 'failed',
  }
}
