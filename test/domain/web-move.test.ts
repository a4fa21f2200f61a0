import { describe, expect, it } from 'vitest'
import { MOVE_STEPS, type Move } from '../../workers/contract/move.ts'
import { movedStores, phasesOf } from '../../web/src/lib/move.ts'

const at = (step: Move['step'], state: Move['state'] = 'running') => phasesOf({ state, step } as Move)
const now = (step: Move['step']) => at(step)?.find((phase) => phase.at === 'now')?.name

describe('the phases of a move', () => {
  it('follow each other, and every step is in one', () => {
    const names = MOVE_STEPS.filter((step) => step !== 'undo').map(now)
    expect([...new Set(names)]).toEqual(['Copy', 'Compare', 'Switch', 'Wait', 'Delete'])
    expect(now('freeze')).toBe('Copy')
    expect(now('verify_tables')).toBe('Compare')
    expect(now('copy_audit')).toBe('Switch')
    expect(now('wait')).toBe('Wait')
    expect(now('delete_tables')).toBe('Delete')
    expect(at('verify_tables')?.map((phase) => phase.at)).toEqual(['past', 'now', 'next', 'next', 'next'])
  })

  it('are not told of a move that ended, or is undone', () => {
    expect(at('finish', 'done')).toBeNull()
    expect(at('copy_tables', 'stopped')).toBeNull()
    expect(at('undo')).toBeNull()
  })
})

it('names the stores that had something, also one that nobody told of', () => {
  const store = (name: string, copied: number) => ({
    store: name,
    copied,
    verified: null,
    cost_usd: null,
    bytes: null,
    deleted: 0,
  })
  const stores = [store('batch', 2), store('rollup', 0), store('brand_new', 1)]
  expect(movedStores({ stores } as unknown as Move).map(({ label }) => label)).toEqual([
    'Batches of events',
    'Table brand_new',
  ])
})
