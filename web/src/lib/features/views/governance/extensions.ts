import { Member, Page } from '../../../../../../workers/contract/api.ts'
import { Budget, Extension } from '../../../../../../workers/contract/budget.ts'
import type { PanelSpec, Scope, Shaped } from '../panel.ts'

export const EXTENSIONS = 'Extensions of budgets are of the whole organization: no filter narrows them.'

export const waitingExtensions: PanelSpec = {
  id: 'governance.extensions',
  title: 'Extensions that wait',
  unit: 'of budgets, now',
  definition: `Extensions that were asked for and neither granted nor declined, with how long they have waited. ${EXTENSIONS}`,
  span: 12,
  async load(ask, scope) {
    const [extensions, budgets, members] = await Promise.all([
      ask.org(Page(Extension), 'extensions'),
      ask.org(Page(Budget), 'budgets'),
      ask.org(Page(Member), 'members'),
    ])
    const names = new Map([
      ...budgets.data.map(({ id, name }) => [id, name] as const),
      ...members.data.map(({ user_id, name }) => [user_id, name] as const),
    ])
    return shapeExtensions(extensions.data, names, scope)
  },
}

/** @param names of budgets and of people, by their ids. */
export function shapeExtensions(
  extensions: readonly Extension[],
  names: ReadonlyMap<string, string>,
  { org, nowMs }: Pick<Scope, 'org' | 'nowMs'>,
): Shaped {
  const waiting = extensions.filter(({ state }) => state === 'asked')
  return {
    type: 'table',
    columns: [
      { key: 'budget', label: 'Budget', format: 'text' },
      { key: 'amount', label: 'Amount', format: 'usd' },
      { key: 'waits', label: 'Waits', format: 'duration' },
      { key: 'by', label: 'Asked by', format: 'text' },
      { key: 'reason', label: 'Reason', format: 'text' },
      { key: 'until', label: 'Wanted until', format: 'datetime', hidden: true },
    ],
    rows: waiting.map((one) => ({
      key: one.id,
      cells: {
        budget: names.get(one.budget_id) ?? one.budget_id,
        amount: one.amount_usd,
        waits: nowMs - Date.parse(one.asked_at),
        by: names.get(one.asked_by) ?? one.asked_by,
        reason: one.reason,
        until: Date.parse(one.until),
      },
      href: `/${org}/budgets/${encodeURIComponent(one.budget_id)}`,
    })),
    sort: 'waits',
    more: [{ label: 'Budgets and extensions', href: `/${org}/budgets` }],
    ...(waiting.length === 0 && { empty: 'No extension waits for an answer.' }),
  }
}
