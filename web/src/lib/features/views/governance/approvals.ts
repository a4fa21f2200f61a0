import { Page } from '../../../../../../workers/contract/api.ts'
import { Extension } from '../../../../../../workers/contract/budget.ts'
import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import type { PanelSpec, Scope } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { size } from '../shape.ts'
import { ESCALATED, TIMED_OUT } from './escalations.ts'
import { EXTENSIONS } from './extensions.ts'

export const approvals: PanelSpec = {
  id: 'governance.approvals',
  title: 'Approvals',
  unit: 'people who are asked',
  definition: `Escalated decisions and requests that nobody approved in time, and extensions of budgets that wait for an answer. ${EXTENSIONS}`,
  span: 12,
  async load(ask, scope) {
    const [escalated, escalatedBefore, timedOut, timedOutBefore, extensions] = await Promise.all([
      ask.metrics(ESCALATED),
      ask.metricsBefore(ESCALATED),
      ask.metrics(TIMED_OUT),
      ask.metricsBefore(TIMED_OUT),
      ask.org(Page(Extension), 'extensions'),
    ])
    const sla = slaOf(extensions.data, scope)
    return {
      type: 'figures',
      figures: [
        {
          key: 'escalated',
          label: 'Escalated',
          format: 'count',
          definition: 'Decisions with policy_result escalate: a person was asked.',
          value: total(escalated),
          before: total(escalatedBefore),
          href: tracesHref(scope),
        },
        {
          key: 'timed_out',
          label: 'Not approved in time',
          format: 'count',
          definition: 'Requests that ended with approval_timeout.',
          value: total(timedOut),
          before: total(timedOutBefore),
          better: 'less',
          href: tracesHref(scope, { error_type: 'approval_timeout' }),
        },
        {
          key: 'waiting',
          label: 'Extensions that wait',
          format: 'count',
          definition: `Extensions of budgets in state asked, now. ${EXTENSIONS}`,
          value: sla.waiting,
        },
        {
          key: 'longest',
          label: 'Longest wait',
          format: 'duration',
          definition: 'How long the oldest extension that waits has waited.',
          value: sla.longest_ms,
        },
        {
          key: 'median',
          label: 'Time to answer',
          format: 'duration',
          definition:
            'Median of the time from asking for an extension to granting or declining it, of those answered in the range.',
          value: sla.median_ms,
          note: `${sla.answered} answered in the range`,
        },
      ],
    }
  },
}

/** How fast extensions are answered: those that wait now, and those that were decided in the range. */
export function slaOf(extensions: readonly Extension[], { range, nowMs }: Pick<Scope, 'range' | 'nowMs'>) {
  const waits = extensions.filter(({ state }) => state === 'asked').map(({ asked_at }) => nowMs - Date.parse(asked_at))
  const answered = extensions
    .flatMap(({ asked_at, decided_at }) => {
      const decidedMs = decided_at === null ? Number.NaN : Date.parse(decided_at)
      return decidedMs >= range.from_ms && decidedMs < range.to_ms ? [decidedMs - Date.parse(asked_at)] : []
    })
    .sort((a, b) => a - b)
  return {
    waiting: waits.length,
    longest_ms: waits.length === 0 ? null : Math.max(...waits),
    answered: answered.length,
    median_ms: medianOf(answered),
  }
}

function medianOf(sorted: readonly number[]): number | null {
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

function total(answer: MetricsAnswer | null): number | null {
  return answer === null ? null : answer.data.reduce((sum, row) => sum + size(row, 'count'), 0)
}
