import { LEAKS, type Leak } from '../../../../../../workers/contract/metrics.ts'
import { addUsd, nanoOf } from '../../../money.ts'
import type { PanelSpec } from '../panel.ts'
import { cell, share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

export const LEAK_WORDS: Record<Leak, string> = {
  failed_call: 'Calls that failed, paid for',
  retry: 'Retries',
  loop: 'Loops',
  repeated_tool: 'Tools called again with the same arguments',
  oversized_context: 'Contexts that are too large',
}

export const leaks: PanelSpec = {
  id: 'executive.leaks',
  title: 'Where money leaks',
  unit: 'US dollars that bought nothing',
  definition:
    'Cost of ledger entries that are a sign of waste: each dollar is in one row only, the first that applies. How each is found: docs/leaks.md. The share is of all that was spent.',
  span: 6,
  height: 208,
  async load(ask, scope) {
    const query = { dimensions: ['leak' as const], measures: ['cost_usd' as const, 'count' as const] }
    const [answer, before, spent] = await Promise.all([
      ask.metrics({ ...query, kind: 'leak' }),
      ask.metricsBefore({ ...query, kind: 'leak' }),
      ask.metrics({ kind: 'trace', measures: ['cost_usd'] }),
    ])
    const all = nanoOf(addUsd(spent.data.map((row) => String(cell(row, 'cost_usd') ?? '0'))))
    const rows = LEAKS.map((leak) => {
      const row = answer.data.find((one) => one.leak === leak)
      const cost = String(cell(row, 'cost_usd') ?? '0.000000000')
      return {
        key: leak,
        cells: {
          leak: LEAK_WORDS[leak],
          cost,
          share: share(Number(nanoOf(cost)), Number(all)),
          entries: size(row, 'count'),
          before: cell(
            before?.data.find((one) => one.leak === leak),
            'cost_usd',
          ),
        },
        href: tracesHref(scope, { leak }),
      }
    })
    return {
      type: 'table',
      sort: 'cost',
      bar: 'cost',
      columns: [
        { key: 'leak', label: 'What', format: 'text' },
        { key: 'cost', label: 'Cost', format: 'usd' },
        { key: 'share', label: 'Of spend', format: 'percent' },
        { key: 'entries', label: 'Calls', format: 'count' },
        {
          key: 'before',
          label: 'Before',
          format: 'usd',
          definition: 'Its cost in the period that is compared with',
          hidden: true,
        },
      ],
      rows,
      ...(rows.every(({ cells }) => cells.entries === 0) && { empty: 'No leak was found in this range.' }),
    }
  },
}
