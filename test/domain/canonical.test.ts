import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { EVENT_TYPES, EventInput, OUTCOMES, POLICY_RESULTS, STATUSES } from '../../workers/contract/event.ts'
import { canonicalise, errorMessageHash, type CanonicalContext } from '../../workers/domain/canonical.ts'
import { checkEvent } from '../../workers/domain/event-check.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const context: CanonicalContext = {
  tenant: { org_id: 'org_a', workspace_id: 'ws_a', project_id: 'prj_a' },
  keepContent: false,
  nowMs: NOW,
  sha256: sha256Hex,
}
const good = { event_type: 'agent.request.completed', timestamp: NOW, trace_id: 't', span_id: 's' }
const take = (input: unknown, more: Partial<CanonicalContext> = {}) => {
  const outcome = canonicalise(input, { ...context, ...more })
  if (!outcome.ok) throw new Error(`refused: ${outcome.pointer} ${outcome.detail}`)
  return outcome.event
}

describe('a key of one environment', () => {
  it('decides what its events are of, and refuses what says otherwise', () => {
    const own = { environment: 'production' }
    expect(take(good, own).environment).toBe('production')
    expect(take({ ...good, environment: 'production' }, own).environment).toBe('production')
    expect(canonicalise({ ...good, environment: 'staging' }, { ...context, ...own })).toMatchObject({
      ok: false,
      pointer: '/environment',
    })
    expect(take({ ...good, environment: 'staging' }).environment).toBe('staging')
  })
})

describe('content in attributes', () => {
  const attributes = {
    prompt: 'tell me',
    'gen_ai.input.messages': '[]',
    output: { text: 'no' },
    tier: 'gold',
    count: 3,
  }
  it('is dropped with the rest of content, also where a client puts it beside the fields', () => {
    expect(take({ ...good, attributes }).attributes).toEqual({ tier: 'gold', count: 3 })
    expect(take({ ...good, system_prompt: 'be kind', plan: 'b' }).attributes).toEqual({ plan: 'b' })
  })
  it('is kept where a project keeps content', () => {
    expect(take({ ...good, attributes }, { keepContent: true }).attributes).toEqual(attributes)
  })
})

const wild = fc.anything({ withNullPrototype: false, withSparseArray: false, maxDepth: 2 })
const text = fc.string({ minLength: 0, maxLength: 210 })
const value = fc.oneof(
  wild,
  text,
  fc.double(),
  fc.integer(),
  fc.constant(null),
  fc.dictionary(text, fc.oneof(fc.double(), fc.nat())),
  fc.constantFrom(
    ...EVENT_TYPES,
    ...STATUSES,
    ...OUTCOMES,
    ...POLICY_RESULTS,
    '0.5',
    '1.',
    'x'.repeat(201),
    ' ',
    'é',
    '2026-11-23T12:00:00Z',
  ),
)
const fields = Object.keys(EventInput.shape)

describe('checkEvent', () => {
  it('decides exactly as the zod schema, on mutations of a good event and on anything at all', () => {
    const mutated = fc
      .tuple(
        fc.dictionary(fc.constantFrom(...fields, 'extra'), value, { maxKeys: 4 }),
        fc.subarray(Object.keys(good), { maxLength: 1 }),
      )
      .map(([over, gone]) => {
        const event: Record<string, unknown> = { ...good, ...over }
        return Object.fromEntries(Object.entries(event).filter(([name]) => !gone.includes(name)))
      })
    const candidates = fc.oneof({ weight: 9, arbitrary: mutated }, { weight: 1, arbitrary: wild })
    fc.assert(
      fc.property(candidates, (input) => {
        expect(checkEvent(input) !== 'invalid').toBe(EventInput.safeParse(input).success)
      }),
      { numRuns: 20_000 },
    )
  })

  it.each(fields)('checks %s as the schema does at its edges', (field) => {
    const edges = [
      '',
      'a',
      'x'.repeat(200),
      'x'.repeat(201),
      'x'.repeat(128),
      'x'.repeat(129),
      0,
      -1,
      1.5,
      1e9,
      1e9 + 1,
      1e6,
      1e6 + 1,
      10_000,
      10_001,
      null,
      undefined,
      true,
      [],
      {},
      { a: 1 },
      { a: -1 },
      { '': 1 },
      '1.123456789012',
      '1.1234567890123',
      'ok',
    ]
    for (const edge of edges) {
      const input = { ...good, [field]: edge }
      expect([edge, checkEvent(input) !== 'invalid']).toEqual([edge, EventInput.safeParse(input).success])
    }
  })
})

describe('canonicalise', () => {
  it('keeps parts of tokens, none larger than what it is a part of', () => {
    const parts = {
      tokens_prompt_audio: 60,
      tokens_cached_audio: 40,
      tokens_prompt_image: 70,
      tokens_completion_audio: 9,
    }
    const sums = { tokens_prompt: 100, tokens_completion: 10, tokens_cached: 30, tokens_cache_write: 8 }
    expect(take({ ...good, ...sums, ...parts, tokens_cache_write_1h: 9, service_tier: 'flex' })).toMatchObject({
      tokens_cache_write_1h: 8,
      tokens_prompt_audio: 60,
      tokens_cached_audio: 30,
      tokens_prompt_image: 40,
      tokens_completion_audio: 9,
      service_tier: 'flex',
    })
    const only1h = take({ ...good, tokens_prompt: 100, tokens_completion: 0, tokens_cache_write_1h: 40 })
    expect(only1h).toMatchObject({ tokens_prompt: 100, tokens_cache_write: 40, tokens_cache_write_1h: 40 })
  })

  it('takes times as RFC 3339 or epoch milliseconds', () => {
    expect(take({ ...good, timestamp: '2026-11-23T13:00:00.5+01:00' }).timestamp).toBe(NOW + 500)
    expect(take({ ...good, timestamp: NOW + 0.7 }).timestamp).toBe(NOW)
  })

  it.each([
    ['400 days back', NOW - 400 * 86_400_000, true],
    ['a moment more', NOW - 400 * 86_400_000 - 1, false],
    ['10 minutes ahead', NOW + 600_000, true],
    ['a moment more', NOW + 600_001, false],
  ])('window: %s', (_, timestamp, taken) => {
    const outcome = canonicalise({ ...good, timestamp }, context)
    expect(outcome.ok).toBe(taken)
    if (!outcome.ok) expect(outcome).toMatchObject({ code: 'timestamp_out_of_range', pointer: '/timestamp' })
  })

  it('says what to do about seconds, missing zones and impossible dates', () => {
    expect(canonicalise({ ...good, timestamp: NOW / 1000 }, context)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('seconds') as string,
    })
    for (const timestamp of ['2026-11-23T12:00:00', '2026-13-23T12:00:00Z', 'yesterday']) {
      expect(canonicalise({ ...good, timestamp }, context)).toMatchObject({ ok: false, code: 'timestamp_invalid' })
    }
  })

  it('refuses a tenant that contradicts the key, and takes one that agrees', () => {
    expect(canonicalise({ ...good, org_id: 'org_b' }, context)).toMatchObject({
      ok: false,
      code: 'tenant_mismatch',
      pointer: '/org_id',
    })
    expect(take({ ...good, org_id: 'org_a', project_id: 'prj_a' })).not.toHaveProperty('org_id')
  })

  it('names the place and the reason of what is invalid', () => {
    expect(canonicalise({ ...good, latency_ms: 'fast' }, context)).toMatchObject({
      ok: false,
      code: 'invalid',
      pointer: '/latency_ms',
    })
    expect(canonicalise({ ...good, scores: { a: 'x' } }, context)).toMatchObject({ ok: false, pointer: '/scores/a' })
    expect(canonicalise(7, context)).toMatchObject({ ok: false, pointer: '' })
  })

  it('drops content unless the project keeps it, and keeps the hash of the masked message', () => {
    const input = { ...good, input: 'secret', output: { a: 1 }, error_message: 'user 4711 has no key sk-abcdef123' }
    const event = take(input)
    expect(JSON.stringify(event)).not.toMatch(/secret|4711|sk-abc/)
    expect(event.error_message_hash).toBe(errorMessageHash('user 99 has no key sk-zzzzzzz', sha256Hex))
    expect(take(input, { keepContent: true })).toMatchObject({
      input: 'secret',
      output: { a: 1 },
      error_message: input.error_message,
    })
  })

  describe('where content is kept', () => {
    const kept = { keepContent: true }

    it('redacts content and says what it found, beside what the client reported', () => {
      const event = take(
        {
          ...good,
          input: { messages: [{ content: 'I am jane@example.com, call +14155552671' }] },
          output: 'Card 4111 1111 1111 1111, key AKIAIOSFODNN7EXAMPLE',
          error_message: 'no user jane@example.com',
          pii_detected: 3,
          pii_redacted: { email: 1, name: 2 },
        },
        kept,
      )
      expect(event.input).toEqual({ messages: [{ content: 'I am [REDACTED:email], call [REDACTED:phone]' }] })
      expect(event.output).toBe('Card [REDACTED:card], key [REDACTED:aws_key]')
      expect(event.error_message).toBe('no user [REDACTED:email]')
      expect(event.pii_detected).toEqual({ reported: 3, email: 2, phone: 1, card: 1, aws_key: 1 })
      expect(event.pii_redacted).toEqual({ name: 2, email: 3, phone: 1, card: 1, aws_key: 1 })
    })

    it('leaves what the client reported where nothing was found', () => {
      const event = take({ ...good, input: 'all clean', pii_detected: 2 }, kept)
      expect([event.pii_detected, event.pii_redacted]).toEqual([2, undefined])
    })

    it('takes secrets and what identifies out of attributes, not telephones and addresses of machines', () => {
      const attributes = { note: 'mail a@example.com', peer: '203.0.113.9', tel: '+14155552671', n: 4111111111111111 }
      const event = take({ ...good, user_id: 'a@example.com', attributes, extra: ['Bearer abcdef0123456789'] }, kept)
      expect(event.attributes).toEqual({
        ...attributes,
        note: 'mail [REDACTED:email]',
        extra: ['Bearer [REDACTED:bearer_token]'],
      })
      expect(event.user_id).toBe('a@example.com')
    })

    it('redacts in front of a cut, and what the cut would have halved', () => {
      const filler = 'word '.repeat(13_105)
      for (const shift of [0, 4, 9, 14]) {
        const text = `${filler}${'x '.repeat(shift / 2)} jane.doe@example.com ${filler}`
        const cut = take({ ...good, input: text }, kept).input
        expect(cut).toMatch(/cut at 65536 characters\]$/)
        expect(cut).not.toMatch(/jane/)
      }
    })
  })

  it('hashes an error message without what it found, kept or not', () => {
    const message = (who: string) => ({ ...good, error_message: `no user ${who} in Berlin` })
    const hash = errorMessageHash('no user [REDACTED:email] in Berlin', sha256Hex)
    for (const keepContent of [false, true]) {
      expect(take(message('ann@example.com'), { keepContent }).error_message_hash).toBe(hash)
      expect(take(message('bob@example.org'), { keepContent }).error_message_hash).toBe(hash)
    }
  })

  it('scans nothing where content is not kept', () => {
    const event = take({ ...good, input: 'a@example.com', attributes: { note: 'b@example.com' }, pii_detected: 1 })
    expect(event).toMatchObject({ attributes: { note: 'b@example.com' }, pii_detected: 1 })
    expect(event).not.toHaveProperty('input')
    expect(event).not.toHaveProperty('pii_redacted')
  })

  it.each([
    [{ event_type: 'agent.tool.called' }, 'api.example.com'],
    [{ event_type: 'agent.tool.failed' }, 'api.example.com'],
    [{ event_type: 'agent.tool.called', egress_host: 'told.example' }, 'told.example'],
    [{ event_type: 'agent.step.completed' }, undefined],
  ])('egress of %o is %s', (fields, host) => {
    expect(take({ ...good, ...fields, attributes: { 'server.address': 'API.example.com' } }).egress_host).toBe(host)
  })

  it('keeps fields that it does not know as attributes', () => {
    expect(take({ ...good, team: 'blue', attributes: { a: 1 } }).attributes).toEqual({ a: 1, team: 'blue' })
  })

  it.each([
    [{}, { status: 'ok' }],
    [{ error_type: '429' }, { status: 'error', error_type: 'rate_limit', error_raw: '429' }],
    [{ status: 'error' }, { status: 'error', error_type: 'unknown' }],
    [{ status: 'blocked' }, { status: 'blocked', error_type: 'policy_blocked' }],
    [{ event_type: 'agent.tool.failed' }, { status: 'error', error_type: 'tool_runtime' }],
    [{ event_type: 'agent.request.started' }, {}],
  ])('settles the status of %o', (fields, expected) => {
    const { status, error_type, error_raw } = take({ ...good, ...fields })
    expect(JSON.parse(JSON.stringify({ status, error_type, error_raw }))).toEqual(expected)
  })

  it('refuses attributes beyond their limits', () => {
    const many = Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, 1]))
    expect(canonicalise({ ...good, attributes: many }, context)).toMatchObject({
      ok: false,
      code: 'attributes_too_large',
    })
    expect(canonicalise({ ...good, attributes: { a: 'x'.repeat(17_000) } }, context)).toMatchObject({
      ok: false,
      code: 'attributes_too_large',
    })
  })
})
