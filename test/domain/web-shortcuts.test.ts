import { describe, expect, it } from 'vitest'
import { hear, isPaletteChord, plainKey, SEQUENCE_MS_MAX, type Begun } from '../../web/src/lib/ui/keys/sequence.ts'
import { navItems } from '../../web/src/lib/ui/shell/nav.ts'
import { PAGE_KEYS } from '../../web/src/lib/ui/shell/page-keys.ts'
import { keysInWords, shortcutsOf } from '../../web/src/lib/ui/shell/shortcuts.ts'

const KNOWN = ['g t', 'g o', 't', '?']

/** Presses keys at these moments; what each of them completed. */
function type(...presses: [key: string, atMs: number][]): (string | null)[] {
  let begun: Begun | null = null
  return presses.map(([key, at]) => {
    const heard = hear(begun, key, at, KNOWN)
    begun = heard.begun
    return heard.hit
  })
}

describe('a sequence of keys', () => {
  it.each([
    [
      'is heard key by key',
      [
        ['g', 0],
        ['t', 300],
      ],
      [null, 'g t'],
    ],
    [
      'may take its time',
      [
        ['g', 0],
        ['t', SEQUENCE_MS_MAX],
      ],
      [null, 'g t'],
    ],
    [
      'ends when the next key comes too late',
      [
        ['g', 0],
        ['t', SEQUENCE_MS_MAX + 1],
      ],
      [null, 't'],
    ],
    [
      'begins anew with a key that does not go on',
      [
        ['g', 0],
        ['x', 10],
        ['t', 20],
      ],
      [null, null, 't'],
    ],
    [
      'begins anew by its own first key',
      [
        ['g', 0],
        ['g', 10],
        ['o', 20],
      ],
      [null, null, 'g o'],
    ],
    [
      'gives way to a single key',
      [
        ['g', 0],
        ['?', 10],
      ],
      [null, '?'],
    ],
    [
      'is over when it was heard',
      [
        ['g', 0],
        ['o', 10],
        ['o', 20],
      ],
      [null, 'g o', null],
    ],
    [
      'is not begun by an unknown key',
      [
        ['x', 0],
        ['t', 10],
      ],
      [null, 't'],
    ],
  ] as [string, [string, number][], (string | null)[]][])('%s', (_, presses, hits) => {
    expect(type(...presses)).toEqual(hits)
  })
})

describe('a key', () => {
  const press = (key: string, more: Partial<Parameters<typeof plainKey>[0]> = {}) => ({
    key,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    repeat: false,
    isComposing: false,
    ...more,
  })

  it.each([
    [press('t'), 't'],
    [press('T'), 't'],
    [press('T', { shiftKey: true }), 'T'],
    [press('?', { shiftKey: true }), '?'],
    [press('t', { ctrlKey: true }), null],
    [press('t', { metaKey: true }), null],
    [press('t', { altKey: true }), null],
    [press('t', { repeat: true }), null],
    [press('t', { isComposing: true }), null],
    [press('Shift', { shiftKey: true }), null],
    [press('Escape'), null],
  ])('%j is %j', (event, expected) => {
    expect(plainKey(event)).toBe(expected)
  })

  it.each([
    [press('k', { ctrlKey: true }), false, true],
    [press('K', { ctrlKey: true }), false, true],
    [press('k', { metaKey: true }), true, true],
    [press('k', { metaKey: true }), false, false],
    [press('k', { ctrlKey: true }), true, false],
    [press('k', { ctrlKey: true, shiftKey: true }), false, false],
    [press('k', { ctrlKey: true, altKey: true }), false, false],
    [press('k'), false, false],
    [press('j', { ctrlKey: true }), false, false],
  ])('%j on Apple’s machines (%j) opens the palette: %j', (event, isApple, expected) => {
    expect(isPaletteChord(event, isApple)).toBe(expected)
  })
})

describe('the table of shortcuts', () => {
  const nav = navItems('acme', '/acme/traces/abc', '?project=p1')

  it('gives each page of the rail its letter, once', () => {
    const letters = Object.values(PAGE_KEYS)
    expect(new Set(letters).size).toBe(letters.length)
    expect(letters.every((letter) => /^[a-z]$/.test(letter))).toBe(true)
    expect(nav.find(({ label }) => label === 'Traces')).toMatchObject({
      keys: 'g t',
      href: '/acme/traces?project=p1',
      current: true,
    })
  })

  it('has every page of the rail and no keys twice, and no single key begins a sequence', () => {
    const shortcuts = shortcutsOf(nav)
    const keys = shortcuts.map((shortcut) => shortcut.keys)
    expect(new Set(keys).size).toBe(keys.length)
    expect(shortcuts.filter(({ group }) => group === 'Go to').map(({ label }) => label)).toEqual(
      nav.map(({ label }) => label),
    )
    expect(keys.filter((one) => keys.some((other) => other.startsWith(`${one} `)))).toEqual([])
    expect(keysInWords('g t')).toBe('g then t')
  })
})
