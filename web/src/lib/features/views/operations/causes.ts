import type { Dimension, Kind, MetricsRow } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { PanelSpec, TableRow } from '../panel.ts'
import { share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

interface Suspect {
  what: string
  dimension: Dimension
  kind: Kind
  /** The trace list's filter for it, where it has one. */
  filter?: string
  /** What else its failed traces have; a failed request makes a failed trace. */
  failed?: Record<string, string>
}

const SUSPECTS: readonly Suspect[] = [
  { what: 'Provider', dimension: 'provider', kind: 'llm', filter: 'provider', failed: { has: 'errors' } },
  { what: 'Model', dimension: 'model', kind: 'llm', filter: 'failure_model', failed: {} },
  { what: 'Prompt version', dimension: 'prompt_version', kind: 'llm' },
  { what: 'Tool', dimension: 'tool_name', kind: 'tool', filter: 'failure_tool', failed: {} },
  { what: 'Workflow version', dimension: 'workflow_version', kind: 'request', filter: 'workflow_version' },
  { what: 'Agent', dimension: 'agent_id', kind: 'request', filter: 'agent_id' },
]
const ROWS_MAX = 50
const KIND_WORDS: Partial<Record<Kind, string>> = { llm: 'model calls', tool: 'tool calls', request: 'requests' }

/** Whether failures come from a provider, a model, a tool, a prompt or a version. */
export const causes: PanelSpec = {
  id: 'operations.causes',
  title: 'What failures have in common',
  unit: 'failures beyond what the others’ rate explains',
  definition:
    'For each provider, model, prompt version, tool, workflow version and agent: its failures minus the failures that it would have at the rate of all the others of its kind (excess = failures − calls × others’ failures / others’ calls). The greatest excess first: what stands on top is where failures concentrate. Prompts and versions are told apart by name alone.',
  span: 12,
  async load(ask, scope) {
    const found = await Promise.all(SUSPECTS.map((suspect) => askFor(ask, suspect)))
    const rows = SUSPECTS.flatMap((suspect, at) =>
      excesses(found[at] ?? [], suspect.dimension).map((one): TableRow => {
        const filters = {
          ...(suspect.failed ?? { status: 'error' }),
          ...(suspect.filter !== undefined && { [suspect.filter]: one.name }),
        }
        return {
          key: `${suspect.dimension} ${one.name}`,
          cells: {
            name: one.name,
            what: suspect.what,
            excess: one.excess,
            errors: one.errors,
            count: one.count,
            rate: share(one.errors, one.count),
            others: one.others,
            of: KIND_WORDS[suspect.kind] ?? suspect.kind,
          },
          ...(suspect.filter !== undefined && { href: tracesHref(scope, filters) }),
        }
      }),
    )
    const worst = rows
      .filter(({ cells }) => Number(cells.errors) > 0)
      .sort((a, b) => Number(b.cells.excess) - Number(a.cells.excess))
      .slice(0, ROWS_MAX)
    return {
      type: 'table',
      sort: 'excess',
      bar: 'excess',
      columns: [
        { key: 'name', label: 'Name', format: 'text' },
        { key: 'what', label: 'What', format: 'text' },
        { key: 'excess', label: 'Excess failures', format: 'count' },
        { key: 'errors', label: 'Failures', format: 'count' },
        { key: 'count', label: 'Of', format: 'count' },
        { key: 'rate', label: 'Failure rate', format: 'percent' },
        { key: 'others', label: 'Others’ rate', format: 'percent', definition: 'Of all others of the same kind' },
        { key: 'of', label: 'Counted in', format: 'text', hidden: true },
      ],
      rows: worst,
      ...(worst.length === 0 && { empty: 'Nothing failed in this range.' }),
    }
  },
}

export interface Excess {
  name: string
  count: number
  errors: number
  /** Failure rate of everything else; null when there is nothing else. */
  others: number | null
  excess: number
}

/** Failures of each beyond those that it would have at the rate of all others together; never below zero. */
export function excesses(rows: readonly MetricsRow[], dimension: string): Excess[] {
  const count = rows.reduce((sum, row) => sum + size(row, 'count'), 0)
  const errors = rows.reduce((sum, row) => sum + size(row, 'errors'), 0)
  return rows
    .filter((row) => String(row[dimension] ?? '') !== '')
    .map((row) => {
      const own = { count: size(row, 'count'), errors: size(row, 'errors') }
      const others = share(errors - own.errors, count - own.count)
      const excess = others === null ? 0 : Math.max(0, Math.round(own.errors - own.count * others))
      return { name: String(row[dimension]), ...own, others, excess }
    })
}

async function askFor(ask: Ask, { dimension, kind }: Suspect): Promise<MetricsRow[]> {
  const answer = await ask.metrics({ kind, dimensions: [dimension], measures: ['count', 'errors'], limit: 1000 })
  return answer.data
}
