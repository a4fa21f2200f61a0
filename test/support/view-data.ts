import { unflatten } from 'devalue'
import type { PanelAnswer } from '../../web/src/lib/features/views/load.ts'
import type { Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import type { Loaded } from '../../web/src/lib/loaded.ts'
import type { Session } from './harness.ts'

/** What a page of panels was given to draw: the numbers that its reader sees, before they are put into words. */
export interface ViewData {
  scope: Scope
  panels: Record<string, Shaped>
}

interface Line {
  type: 'data' | 'chunk'
  nodes?: ({ type: string; data?: unknown } | null)[]
  id?: number
  data?: unknown
}

interface Page {
  scope: Scope
  /** Of a page that has a scope of its own besides. */
  panelScope?: Scope
  answers: Record<string, Loaded<PanelAnswer>>
}

/** Asks for a view as SvelteKit's router does, in a time zone, and waits for all of its panels. */
export async function viewData(session: Session, path: string, zone: string): Promise<ViewData> {
  const [page, query = ''] = path.split('?')
  const answer = await fetch(`${session.baseUrl}${page}/__data.json?${query}`, {
    headers: { cookie: `${session.cookie}; agentops_zone=${encodeURIComponent(zone)}` },
  })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  const lines = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const later = new Map<number, unknown>()
  const revive = { Promise: (id: number) => later.get(id) }
  for (const { type, id, data } of lines)
    if (type === 'chunk' && id !== undefined) later.set(id, unflatten(data as never, revive))
  const nodes = lines[0]?.nodes?.flatMap((node) =>
    node?.data === undefined ? [] : [unflatten(node.data as never, revive)],
  )
  const found = nodes?.find(
    (node: unknown): node is Page => typeof node === 'object' && node !== null && 'answers' in node,
  )
  if (found === undefined) throw new Error(`${path} has no panels`)
  const panels = Object.entries(found.answers).map(([id, loaded]): [string, Shaped] => {
    if (!loaded.ok) throw new Error(`${path}, ${id}: ${loaded.problem.detail}`)
    return [id, loaded.value.data]
  })
  return { scope: found.panelScope ?? found.scope, panels: Object.fromEntries(panels) }
}
