import { describe, expect, it } from 'vitest'
import {
  deedCommands,
  searchCommand,
  sharedLink,
  standingCommands,
  type PaletteScope,
} from '../../web/src/lib/features/palette/commands.ts'
import { seenCommands, seenQuery, shapeSeen } from '../../web/src/lib/features/palette/seen.ts'
import { projectOfTrace, traceIdOf } from '../../web/src/lib/features/palette/trace.ts'
import { arrange, optionAt, rank, type Command } from '../../web/src/lib/ui/palette/match.ts'
import { parseRecent, withRecent } from '../../web/src/lib/ui/palette/recent.ts'
import { navItems } from '../../web/src/lib/ui/shell/nav.ts'
import { MetricsQuery, type MetricsRow } from '../../workers/contract/metrics.ts'

const SCOPE: PaletteScope = {
  org: { id: 'org_1', slug: 'acme', role: 'owner' },
  orgs: [
    { id: 'org_1', name: 'Acme', href: '/acme/overview' },
    { id: 'org_2', name: 'Globex', note: 'EU', href: '/globex/overview' },
  ],
  project: 'p1',
  projects: [
    { id: 'p1', name: 'Support', href: '/acme/traces?project=p1' },
    { id: 'p2', name: 'Billing', href: '/acme/traces?project=p2' },
  ],
  shown: 'p1',
  nav: navItems('acme', '/acme/overview', '?project=p1'),
  search: '?project=p1',
}
const labels = (commands: readonly Command[]) => commands.map(({ label }) => label)

describe('a match', () => {
  it.each([
    ['traces', 'Traces', 0],
    ['TRA', 'Traces', 1],
    ['con', 'Run-time controls', 2],
    ['run con', 'Run-time controls', 2],
    ['flow', 'refundFlow', 2],
    ['support-ag', 'my-support-agent', 2],
    ['ak', 'API keys', 3],
    ['ntr', 'Run-time controls', 4],
    ['elise', 'Équipe Élise', 2],
    ['slo', 'Objectives', 5],
    ['osj', 'Objectives', null],
    ['objts', 'Objectives', 6],
    ['con run', 'Run-time controls', 5],
    ['bt', 'Budgets', null],
    ['xyz', 'Budgets', null],
  ])('of %j with %j is of rank %j', (typed, label, expected) => {
    expect(rank(typed, label, 'slo')).toBe(expected)
  })
})

describe('the list', () => {
  const command = (id: string, label: string, group: Command['group'] = 'Agents'): Command => ({
    id,
    label,
    group,
    icon: 'agent',
    does: { href: `/${id}` },
  })
  const commands = [
    command('a', 'unbilled'),
    command('b', 'the-bill'),
    command('c', 'billing'),
    command('d', 'bill collector'),
    command('p', 'Billing', 'Projects'),
  ]

  it('puts beginnings before words, and words before parts', () => {
    const [agents, projects] = arrange(commands, 'bill', [])
    expect(labels(agents?.commands ?? [])).toEqual(['billing', 'bill collector', 'the-bill', 'unbilled'])
    expect(labels(projects?.commands ?? [])).toEqual(['Billing'])
  })

  it('prefers what was chosen lately among equals, and the group of the best', () => {
    const groups = arrange(commands, 'billi', ['p', 'd'])
    expect(groups.map(({ name }) => name)).toEqual(['Projects', 'Agents'])
    expect(labels(arrange(commands, 'bill', ['d', 'a'])[0]?.commands ?? [])[0]).toBe('bill collector')
  })

  it('begins with recent choices while nothing is typed, and lists each once', () => {
    const groups = arrange(commands, ' ', ['gone', 'p', 'b'])
    expect(groups.map(({ name }) => name)).toEqual(['Recent', 'Agents'])
    expect(labels(groups[0]?.commands ?? [])).toEqual(['Billing', 'the-bill'])
    expect(labels(groups[1]?.commands ?? [])).toEqual(['unbilled', 'billing', 'bill collector'])
  })

  it('is empty when nothing matches', () => {
    expect(arrange(commands, 'nothing of that', [])).toEqual([])
  })

  it.each([
    ['a', 'ArrowDown', 'b'],
    ['p', 'ArrowDown', 'a'],
    ['a', 'ArrowUp', 'p'],
    ['a', 'PageDown', 'p'],
    ['p', 'PageUp', 'a'],
    [null, 'ArrowDown', 'a'],
    ['a', 'Home', null],
    ['a', 'x', null],
  ])('from %j, %s leads to %j', (active, key, expected) => {
    expect(optionAt(commands, active, key)).toBe(expected)
  })

  it('has nothing to lead to when it is empty', () => {
    expect(optionAt([], null, 'ArrowDown')).toBeNull()
    expect(optionAt([], null, 'ArrowUp')).toBeNull()
  })
})

describe('recent choices', () => {
  it('keep the newest first, each once, and few', () => {
    expect(withRecent(['a', 'b', 'c'], 'b')).toEqual(['b', 'a', 'c'])
    expect(
      withRecent(
        Array.from({ length: 30 }, (_, at) => `${at}`),
        'x',
      ),
    ).toHaveLength(12)
  })

  it.each([
    [null, []],
    ['["a","b"]', ['a', 'b']],
    ['["a",3,null]', ['a']],
    ['{"a":1}', []],
    ['not json', []],
  ])('read %j as %j', (stored, expected) => {
    expect(parseRecent(stored)).toEqual(expected)
  })
})

describe('the commands of a person', () => {
  const of = (role: PaletteScope['org']['role']) => labels(standingCommands({ ...SCOPE, org: { ...SCOPE.org, role } }))

  it('are the pages that the role may open', () => {
    const all = of('owner')
    for (const label of ['Overview', 'Single sign-on', 'Audit log', 'Export', 'New alert rule', 'API keys'])
      expect(all).toContain(label)
    const few = of('approver')
    expect(few).toContain('Overview')
    expect(few).toContain('Members')
    for (const label of ['Single sign-on', 'Audit log', 'Export', 'New alert rule', 'API keys', 'New project'])
      expect(few).not.toContain(label)
    expect(of('auditor')).toContain('Audit log')
  })

  it('keep the project, and switch to other projects and organizations', () => {
    const commands = standingCommands(SCOPE)
    const hrefOf = (id: string) => commands.find((command) => command.id === id)?.does
    expect(hrefOf('page:/traces')).toEqual({ href: '/acme/traces?project=p1' })
    expect(hrefOf('page:/settings/keys')).toEqual({ href: '/acme/settings/keys?project=p1' })
    expect(hrefOf('project:p2')).toEqual({ href: '/acme/traces?project=p2' })
    expect(hrefOf('org:org_2')).toEqual({ href: '/globex/overview' })
    expect(hrefOf('project:p1')).toBeUndefined()
    expect(hrefOf('org:org_1')).toBeUndefined()
    expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length)
  })

  it('offer the colours that the page does not have', () => {
    expect(labels(deedCommands({ isDark: true, isSystem: true }))).toContain('Use light colours')
    expect(labels(deedCommands({ isDark: true, isSystem: true }))).not.toContain('Use the system’s colours')
    expect(labels(deedCommands({ isDark: false, isSystem: false }))).toEqual(
      expect.arrayContaining(['Use dark colours', 'Use the system’s colours', 'Sign out']),
    )
  })

  it('search the traces of the range that the page shows', () => {
    const href = (view: string) => searchCommand('a b&c', SCOPE, new URLSearchParams(view)).does
    expect(href('')).toEqual({ href: '/acme/traces?project=p1&range=7d&q=a+b%26c' })
    expect(href('range=1h&status=error')).toEqual({ href: '/acme/traces?project=p1&range=1h&q=a+b%26c' })
    expect(href('from=2026-01-01T00:00Z')).toEqual({
      href: '/acme/traces?project=p1&from=2026-01-01T00%3A00Z&q=a+b%26c',
    })
  })

  it('name the project in a link, unless the view shows all', () => {
    expect(sharedLink('https://a.example/acme/traces?q=x', SCOPE)).toBe('https://a.example/acme/traces?q=x&project=p1')
    const both = 'https://a.example/acme/operations?project=p1&project=p2'
    expect(sharedLink(both, SCOPE)).toBe(both)
    expect(sharedLink('https://a.example/acme/overview', { shown: null })).toBe('https://a.example/acme/overview')
  })
})

describe('what was seen lately', () => {
  const row = (project_id: string, agent_id: string, workflow_id: string, count: number): MetricsRow => ({
    project_id,
    agent_id,
    workflow_id,
    count,
  })
  const answer = (data: MetricsRow[]) => ({
    data,
    meta: { approximate: false, sampled: false, back_end: 'd1' as const, truncated: false },
  })
  const SEEN = shapeSeen(
    answer([
      row('p1', 'clerk', 'refund', 5),
      row('p1', 'clerk', 'order', 4),
      row('p2', 'clerk', '', 6),
      row('p1', '', 'order', 3),
    ]),
  )

  it('is asked in one question of seven days, which the contract takes', () => {
    const now = Date.parse('2026-03-04T10:20:00Z')
    const query = MetricsQuery.parse(seenQuery(now))
    expect([query.from, query.to]).toEqual(['2026-02-25T11:00:00.000Z', '2026-03-04T11:00:00.000Z'])
  })

  it('lists each agent and workflow of each project once, the busiest first', () => {
    expect(SEEN.map(({ kind, id, project_id, requests }) => [kind, id, project_id, requests])).toEqual([
      ['agent', 'clerk', 'p1', 9],
      ['workflow', 'order', 'p1', 7],
      ['agent', 'clerk', 'p2', 6],
      ['workflow', 'refund', 'p1', 5],
    ])
  })

  it('leads to traces, says the project where there are several, and leaves out projects that one may not see', () => {
    const [first, ...others] = seenCommands(SEEN, 'acme', SCOPE.projects)
    expect(first).toMatchObject({
      group: 'Agents',
      detail: 'Support',
      does: { href: '/acme/traces?agent_id=clerk&range=7d&project=p1' },
    })
    expect(others).toHaveLength(3)
    const alone = seenCommands(SEEN, 'acme', SCOPE.projects.slice(0, 1))
    expect(labels(alone)).toEqual(['clerk', 'order', 'refund'])
    expect(alone[0]?.detail).toBeUndefined()
  })
})

describe('a trace id', () => {
  const W3C = '4bf92f3577b34da6a3ce929d0e0e4736'

  it.each([
    [W3C, false, W3C],
    [`  ${W3C}\n`, true, W3C],
    [`00-${W3C.toUpperCase()}-00f067aa0ba902b7-01`, false, W3C],
    ['run-2026-000017', false, 'run-2026-000017'],
    ['refund', true, 'refund'],
    ['refund', false, null],
    ['authentication', false, null],
    ['two words 1234567890', true, null],
    ['', true, null],
    ['x'.repeat(129), true, null],
  ])('is read from %j (pasted: %j) as %j', (text, pasted, expected) => {
    expect(traceIdOf(text, pasted)).toBe(expected)
  })

  it('is looked for in the present project first, then in the others', async () => {
    const asked: string[] = []
    const holds = (project: string | null) => (one: string) => {
      asked.push(one)
      return Promise.resolve(one === project)
    }
    expect(await projectOfTrace(SCOPE.projects, 'p2', holds('p2'))).toBe('p2')
    expect(asked).toEqual(['p2'])
    expect(await projectOfTrace(SCOPE.projects, 'p2', holds('p1'))).toBe('p1')
    expect(await projectOfTrace(SCOPE.projects, 'p2', holds(null))).toBeNull()
    const broken = () => Promise.reject(new Error('no answer'))
    await expect(projectOfTrace(SCOPE.projects, 'p1', broken)).rejects.toThrow('no answer')
  })
})
