import { describe, expect, it } from 'vitest'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { eraseEvents, eraserOf } from '../../workers/domain/erase.ts'

const TOKEN = 'erased_0123456789abcdef'

describe('text without a person', () => {
  it.each([
    ['the whole value', 'user-42', 'user-42', 'erased'],
    ['in a sentence', 'user-42', 'ask user-42, please', `ask ${TOKEN}, please`],
    ['with more behind a sign', 'user-42', 'user-42/session_7', `${TOKEN}/session_7`],
    ['another id that begins like it', 'user-42', 'user-421', 'user-421'],
    ['another id that ends like it', 'user-42', 'superuser-42', 'superuser-42'],
    ['before a letter that is not ASCII', 'user-42', 'user-42é', 'user-42é'],
    ['in other letters', 'user-42', 'USER-42', 'USER-42'],
    ['a JSON value', 'user-42', '[["user-42",17]]', '[["erased",17]]'],
    ['inside of a JSON value', 'user-42', '{"a":"of user-42"}', `{"a":"of ${TOKEN}"}`],
    ['signs of regular expressions', 'a.b*c(d)', 'axbxc(d) a.b*c(d)', `axbxc(d) ${TOKEN}`],
    ['quotes, as JSON writes them', 'o"neill', '{"user":"o\\"neill"}', '{"user":"erased"}'],
    ['quotes, in a JSON text', 'the"neill', '{"text":"by the\\"neill now"}', `{"text":"by ${TOKEN} now"}`],
    ['another script', 'пользователь', 'это пользователь, да', `это ${TOKEN}, да`],
    ['a short id, whole', 'u1', 'u1', 'erased'],
    ['a short id as a JSON value', 'u1', '["u1","u10"]', '["erased","u10"]'],
    ['a short id in a sentence, where it means anything', 'u1', 'a u1 b', 'a u1 b'],
  ])('%s', (_, subject, given, expected) => {
    expect(eraserOf(subject, TOKEN).text(given)).toBe(expected)
  })

  it('joins rows by a name that nothing else has', () => {
    expect(eraserOf('user-42', TOKEN).text('user-42', 'trace_id')).toBe(TOKEN)
  })
})

describe('events without a person', () => {
  const base: CanonicalEvent = {
    event_type: 'agent.step.completed',
    timestamp: 1,
    trace_id: 't',
    span_id: 's',
    cost_nanousd: 5,
    input: 'question',
    attributes: { a: 1 },
  }

  it.each([
    ['theirs', { ...base, user_id: 'user-42' }, []],
    ['naming nobody, in a trace of theirs', base, ['t']],
    ['erased before, in a trace of theirs', { ...base, user_id: 'erased' }, ['t']],
  ] as [string, CanonicalEvent, string[]][])('lose their content: %s', (_, event, traces) => {
    const { events, changed } = eraseEvents(eraserOf('user-42', TOKEN), [event], new Set(traces))
    const { input: _1, attributes: _2, user_id: _3, ...rest } = events[0] as CanonicalEvent
    expect(changed).toBe(1)
    expect(events[0]).toEqual({ ...rest, ...(event.user_id !== undefined && { user_id: 'erased' }) })
    expect(rest.cost_nanousd).toBe(5)
  })

  it.each([
    ['of somebody else, in a trace of theirs', { ...base, user_id: 'user-43' }, ['t']],
    ['naming nobody, in another trace', base, ['u']],
    ['erased before, in another trace', { ...base, user_id: 'erased' }, []],
  ] as [string, CanonicalEvent, string[]][])('stay the same object: %s', (_, event, traces) => {
    const { events, changed } = eraseEvents(eraserOf('user-42', TOKEN), [event], new Set(traces))
    expect(changed).toBe(0)
    expect(events[0]).toBe(event)
  })

  it('are found anywhere in what others sent, names of fields included', () => {
    const event = { ...base, user_id: 'x', attributes: { deep: [{ 'user-42': ['to user-42'] }] } }
    const { events } = eraseEvents(eraserOf('user-42', TOKEN), [event], new Set())
    expect(events[0]).toEqual({ ...event, attributes: { deep: [{ erased: [`to ${TOKEN}`] }] } })
  })

  it('are not changed by a second time', () => {
    const eraser = eraserOf('user-42', TOKEN)
    const once = eraseEvents(eraser, [{ ...base, user_id: 'user-42', trace_id: 'user-42' }], new Set())
    expect(eraseEvents(eraser, once.events, new Set()).changed).toBe(0)
  })
})
