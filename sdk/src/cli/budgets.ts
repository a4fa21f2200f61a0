import type { Budget } from '../contract.ts'
import { apiOf, required, text, type Call, type Command } from './command.ts'
import { usageError } from './failure.ts'

export const budgets: Command = {
  usage: '[list | create | remove BUDGET]',
  summary: 'Budgets, what is spent and what is left',
  help: `  list                 the budgets of the organization
  create --name NAME --limit USD --period day|week|month [--scope TYPE[:ID]] [--hard]
                       make one; TYPE is org (the default), workspace, project, agent, workflow, model, provider or user
  remove BUDGET        remove one`,
  options: {
    name: { type: 'string' },
    limit: { type: 'string' },
    period: { type: 'string' },
    scope: { type: 'string' },
    hard: { type: 'boolean' },
  },
  async run(call) {
    const [verb = 'list', id, ...more] = call.positionals
    const action = ACTIONS[verb]
    if (action === undefined || more.length > 0 || (verb === 'remove') !== (id !== undefined))
      throw usageError(`agentops budgets ${budgets.usage}, not "${call.positionals.join(' ')}".`)
    await action(call, `/api/v1/orgs/${await apiOf(call).org()}/budgets`, id ?? '')
  },
}

const ACTIONS: Record<string, (call: Call, path: string, id: string) => Promise<void>> = { list, create, remove }

async function list(call: Call, path: string): Promise<void> {
  const { data } = await apiOf(call).json<{ data: Budget[] }>('GET', path)
  if (call.out.isJson) return data.forEach((budget) => call.out.json(budget))
  call.out.table(
    ['id', 'name', 'scope', 'period', 'kind', 'limit', 'spent', 'reserved', 'left', 'resets'],
    data.map((budget) => [
      budget.id,
      budget.name,
      budget.scope.id === null ? budget.scope.type : `${budget.scope.type}:${budget.scope.id}`,
      budget.period,
      budget.hard ? 'hard' : 'soft',
      ...[budget.limit_usd, budget.spent_usd, budget.reserved_usd, budget.left_usd].map((usd) => `$${usd}`),
      budget.resets_at,
    ]),
  )
}

async function create(call: Call, path: string): Promise<void> {
  const { values, out } = call
  const [type, ...id] = (text(values, 'scope') ?? 'org').split(':')
  const made = await apiOf(call).json<Budget>('POST', path, {
    name: required(values, 'name'),
    limit_usd: required(values, 'limit'),
    period: required(values, 'period'),
    hard: values['hard'] === true,
    scope: { type, ...(id.length > 0 && { id: id.join(':') }) },
  })
  if (out.isJson) out.json(made)
  else out.line(`${made.id}: ${made.name}, $${made.limit_usd} a ${made.period}, of which $${made.left_usd} are left.`)
}

async function remove(call: Call, path: string, id: string): Promise<void> {
  await apiOf(call).call('DELETE', `${path}/${encodeURIComponent(id)}`)
  if (call.out.isJson) call.out.json({ id, removed: true })
  else call.out.line(`${id} is removed.`)
}
