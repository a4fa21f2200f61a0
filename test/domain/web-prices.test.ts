import { describe, expect, it } from 'vitest'
import {
  COLUMNS,
  nameOf,
  priceDetail,
  priceText,
  sourcesOf,
  versionParts,
} from '../../web/src/lib/features/prices/models.ts'
import {
  aboutOf,
  bookable,
  bookingOf,
  directionOf,
  optionOf,
  progressText,
  repricingFrom,
  sizeOf,
} from '../../web/src/lib/features/prices/repricing.ts'
import { kindOf, ownChangeFrom, ownNameOf, ownPriceFrom, ownText } from '../../web/src/lib/features/prices/own.ts'
import type { ModelUse, Price, Repricing } from '../../web/src/lib/prices.ts'
import { sortRows } from '../../web/src/lib/ui/table/table.ts'
import { usdPerMillion, picoPerToken } from '../../workers/domain/price.ts'

const use = (fields: Partial<ModelUse> = {}): ModelUse => ({
  ...{ provider: 'openai', model: 'gpt-4o', tool_name: '', calls: 3, cost_usd: '0.000000001', unpriced: 0 },
  ...{ tokens_prompt: 1, tokens_cached: 0, tokens_cache_write: 0, tokens_completion: 1, tokens_reasoning: 0 },
  ...{ detail: null, price: null },
  ...fields,
})
const detail = {
  reported: 0,
  computed: 0,
  unpriced: 0,
  unpriced_tokens: 0,
  last_seen_at: '2026-11-01T00:00:00.000Z',
  price_versions: [],
}
const price = {
  version: 'list/1:openai/gpt-4o',
  input_usd: '2.50',
  output_usd: '10.00',
  cache_read_usd: '1.25',
  cache_write_usd: null,
  tiers: false,
}

describe('models seen', () => {
  it.each([
    [{}, 'openai / gpt-4o'],
    [{ provider: '' }, 'gpt-4o'],
    [{ provider: '', model: '', tool_name: 'search' }, 'Tool search'],
    [{ tool_name: 'search' }, 'Tool search (openai / gpt-4o)'],
    [{ provider: '', model: '' }, 'Names neither model nor tool'],
  ])('are named by what they name: %j', (fields, name) => expect(nameOf(use(fields))).toBe(name))

  it('say where their costs come from, what has no price first', () => {
    expect(sourcesOf(use({ unpriced: 1, detail: { ...detail, reported: 2, computed: 5, unpriced: 1 } }))).toEqual([
      { source: 'unpriced', calls: 1 },
      { source: 'computed', calls: 5 },
      { source: 'reported', calls: 2 },
    ])
    // Of calls before what is read only their number is known.
    expect(sourcesOf(use({ unpriced: 4 }))).toEqual([{ source: 'unpriced', calls: 4 }])
    expect(sourcesOf(use())).toEqual([])
  })

  it('tell their price, and its parts on hover', () => {
    expect(priceText(use())).toBeNull()
    expect(priceText(use({ price }))).toBe('$2.50 in, $10.00 out')
    expect(priceText(use({ price: { ...price, output_usd: null, tiers: true } }))).toBe('from $2.50 in')
    expect(priceDetail(use({ price }))).toContain('read from a cache $1.25')
    expect(versionParts(price.version)).toEqual({ list: 'list/1', row: 'openai/gpt-4o' })
    expect(versionParts('own price')).toEqual({ list: 'own price', row: '' })
  })

  it('are sorted by their exact cost, and by nothing as they came', () => {
    const rows = [
      use({ model: 'b', cost_usd: '9007199.254740993' }),
      use({ model: 'a', cost_usd: '9007199.254740992' }),
    ]
    const by = (key: string, down: boolean) => sortRows(rows, COLUMNS, { key, down }).map(({ model }) => model)
    expect([by('cost_usd', false), by('cost_usd', true), by('name', false)]).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
    ])
    expect(sortRows(rows, COLUMNS, null)).toBe(rows)
  })

  it.each([
    [2.5, '2.50'],
    [0.075, '0.075'],
    [10, '10.00'],
    [0.000001, '0.000001'],
    [1234.5, '1234.50'],
    [0, '0.00'],
  ])('have prices of a million tokens to the last decimal: %d', (usd, text) =>
    expect(usdPerMillion(picoPerToken(usd))).toBe(text),
  )
})

const repricing = (fields: Partial<Repricing> = {}): Repricing => ({
  ...{ id: 'rpr_1', state: 'done', detail: null, dry_run: true, project_id: null, provider: null, model: null },
  ...{
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-11-02T00:00:00.000Z',
    sources: ['unpriced'],
    progress: 1,
    scanned: 9,
  },
  ...{
    entries: 2,
    priced: 2,
    unpriced: 0,
    before_usd: '0.000000000',
    after_usd: '1.000000000',
    difference_usd: '1.000000000',
  },
  ...{ models: [], created_at: '2026-11-03T00:00:00.000Z', ended_at: null },
  ...fields,
})

const own = (fields: Partial<Price> = {}): Price => ({
  ...{ id: 'prc_1', provider: null, model: 'gpt-5*', tool: null, rates: null, discount_percent: null, call_usd: null },
  ...{ service_tiers: null, effective_from: '2026-11-01T00:00:00.000Z', effective_to: null, state: 'active', note: '' },
  ...{ created_by_name: null, created_at: '2026-11-01T00:00:00.000Z', updated_at: '2026-11-01T00:00:00.000Z' },
  ...{ version: 3, price_version: 'own:prc_1@3' },
  ...fields,
})

describe('prices of one’s own', () => {
  it.each<[Partial<Price>, string, string]>([
    [{ rates: { input: '2.00', cache_write_1h: '4' } }, 'gpt-5*', '$2.00 in, $4 cache write 1h a million tokens'],
    [
      { provider: 'acme', discount_percent: '12.5', service_tiers: { priority: '150' } },
      'acme / gpt-5*',
      '12.5 % off the list; priority at 150 %',
    ],
    [{ discount_percent: '-5' }, 'gpt-5*', '5 % on top of the list'],
    [{ model: null, tool: 'search', call_usd: '0.005' }, 'Tool search', '$0.005 a call'],
  ])('say whose they are and what: %j', (fields, name, text) =>
    expect([ownNameOf(own(fields)), ownText(own(fields))]).toEqual([name, text]),
  )

  const form = (fields: Record<string, string>) => {
    const made = new FormData()
    for (const [name, value] of Object.entries(fields)) made.append(name, value)
    return made
  }

  it.each<[Record<string, string>, object]>([
    [
      {
        kind: 'rates',
        model: 'gpt-5*',
        provider: '',
        input: '2',
        output: '',
        effective_from: '2026-12-01T00:00',
        note: 'contract 7',
      },
      {
        input: {
          model: 'gpt-5*',
          rates: { input: '2' },
          effective_from: '2026-11-30T23:00:00.000Z',
          note: 'contract 7',
        },
      },
    ],
    [
      { kind: 'discount', model: 'm', provider: 'acme', discount_percent: '10', tool: 'left over' },
      { input: { model: 'm', provider: 'acme', discount_percent: '10', note: '' } },
    ],
    [{ kind: 'call', tool: 'search', call_usd: '0.005' }, { input: { tool: 'search', call_usd: '0.005', note: '' } }],
    [{ kind: 'rates', model: 'm', input: 'two' }, { problem: expect.stringContaining('Input: must be US dollars') }],
    [{ kind: 'rates', model: 'm' }, { problem: expect.stringContaining('Rates: must name a rate') }],
    [{ kind: 'call', tool: 'search', call_usd: '' }, { problem: expect.stringContaining('Price of a call') }],
    [{ kind: 'rates', model: 'm', input: '1', effective_to: 'never' }, { problem: 'That is no time.' }],
  ])('are read from a form: %j', (fields, wanted) =>
    expect(ownPriceFrom(form(fields), 'Europe/Berlin')).toEqual(wanted),
  )

  it('are changed with the version that was read, and keep rates that the form does not have', () => {
    const fields = { kind: 'rates', version: '3', input: '3', kept: '{"reasoning":"9"}', effective_to: '' }
    expect(ownChangeFrom(form(fields), 'UTC')).toEqual({
      input: { version: 3, rates: { reasoning: '9', input: '3' }, effective_to: null, note: '' },
    })
    expect(ownChangeFrom(form({ ...fields, kept: '{', input: '' }), 'UTC')).toMatchObject({
      problem: expect.any(String),
    })
    expect(kindOf(own({ call_usd: '1' }))).toBe('call')
    expect(kindOf(own({ discount_percent: '1' }))).toBe('discount')
  })
})

describe('a repricing', () => {
  it.each<[Partial<Repricing>, string]>([
    [{}, '2 calls would change'],
    [{ entries: 1, dry_run: false, unpriced: 3 }, '1 call changed; 3 calls without a price still'],
    [{ state: 'cancelled', dry_run: false }, '2 calls changed before it was cancelled'],
    [{ state: 'running', progress: 0.25, scanned: 12_345 }, '25\u00a0% done, 12.3k calls looked at'],
  ])('says how it stands: %j', (fields, text) => expect(progressText(repricing(fields))).toBe(text))

  it('is booked from a preview that has ended and found something', () => {
    const found = repricing()
    expect(bookable([found, repricing()])).toBe(found)
    expect(bookable([])).toBeNull()
    expect(bookable([repricing({ dry_run: false }), found])).toBeNull()
    for (const fields of [{ entries: 0 }, { state: 'running' as const }, { state: 'cancelled' as const }])
      expect(bookable([repricing(fields)])).toBeNull()
    const { from, to, sources } = repricing()
    expect(bookingOf(repricing())).toEqual({ from, to, sources, dry_run: false })
    expect(bookingOf(repricing({ provider: 'p', model: 'm', project_id: 'prj' }))).toMatchObject({
      provider: 'p',
      model: 'm',
      project_id: 'prj',
    })
    expect(aboutOf(repricing({ provider: 'p', model: 'm' }))).toBe('p / m')
  })

  it.each([
    ['1.000000000', 'more'],
    ['-0.000000001', 'less'],
    ['0.000000000', 'same'],
  ])('goes in a direction: %s', (difference_usd, direction) => {
    expect(directionOf({ difference_usd })).toBe(direction)
    expect(sizeOf({ difference_usd })).toBe(difference_usd.replace('-', ''))
  })

  const formOf = (fields: [string, string][]) => {
    const form = new FormData()
    for (const [name, value] of fields) form.append(name, value)
    return form
  }
  const times: [string, string][] = [
    ['from', '2026-11-01T00:00'],
    ['to', '2026-11-02T12:30'],
  ]

  it('is asked for in the zone of who asks, as a preview', () => {
    const what = optionOf({ provider: 'openai', model: 'gpt "4"' })
    const form = formOf([...times, ['source', 'reported'], ['source', 'unpriced'], ['what', what]])
    expect(repricingFrom(form, 'Europe/Berlin')).toEqual({
      input: {
        ...{ from: '2026-10-31T23:00:00.000Z', to: '2026-11-02T11:30:00.000Z' },
        ...{ sources: ['unpriced', 'reported'], dry_run: true, provider: 'openai', model: 'gpt "4"' },
      },
    })
  })

  it.each<[string, [string, string][], string]>([
    [
      'no time',
      [
        ['from', 'soon'],
        ['to', ''],
        ['source', 'unpriced'],
      ],
      'from when',
    ],
    [
      'an end before its start',
      [
        ['from', '2026-11-02T00:00'],
        ['to', '2026-11-01T00:00'],
        ['source', 'unpriced'],
      ],
      'after the start',
    ],
    ['nothing to compute', times, 'Choose which'],
    ['what is no source', [...times, ['source', 'guessed']], 'Choose which'],
  ])('is refused with %s', (_, fields, why) =>
    expect(repricingFrom(formOf(fields), 'UTC')).toEqual({ problem: expect.stringContaining(why) as string }),
  )

  it('takes all models for an option that is none', () => {
    const form = formOf([...times, ['source', 'unpriced'], ['what', '{']])
    expect(repricingFrom(form, 'UTC')).toMatchObject({ input: { sources: ['unpriced'] } })
  })
})
