import type { IconName } from '../icons.ts'

/** Groups in the order in which they stand while nothing is searched. */
export const GROUPS = [
  'Recent',
  'Traces',
  'Pages',
  'Agents',
  'Workflows',
  'Projects',
  'Organizations',
  'More pages',
  'Actions',
  'Search',
] as const
export type GroupName = (typeof GROUPS)[number]

/** One choice of the palette. */
export interface Command {
  /** Stable, since recent choices are kept by it. */
  id: string
  label: string
  group: GroupName
  icon: IconName
  /** Beside the name; it is searched too. */
  detail?: string
  /** Other words that find it. */
  words?: string
  /** Shown as its shortcut: "g t". */
  keys?: string
  does: { href: string } | { act: string }
}

export interface CommandGroup {
  name: GroupName
  commands: Command[]
}

const RECENT_SHOWN = 5
const IDLE_SHOWN = 5
const FOUND_SHOWN = 7
const SUBSEQUENCE_CHARS_MIN = 3
const PAGE_STEP = 8

interface Text {
  lower: string
  /** Where words start. */
  starts: number[]
}

/** Letters without their marks; a word starts after what is no letter or digit, and at a capital after a small letter. */
function readText(text: string): Text {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '')
  const starts: number[] = []
  for (const { index } of plain.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]|(?<=\p{Ll})\p{Lu}/gu)) starts.push(index)
  return { lower: plain.toLowerCase(), starts }
}

/** Whether each of these words begins a word of the text, in this order. */
function startsWords({ lower, starts }: Text, words: readonly string[]): boolean {
  let from = 0
  return words.every((word) => {
    const at = starts.find((start) => start >= from && lower.startsWith(word, start))
    from = (at ?? 0) + word.length
    return at !== undefined
  })
}

function isSubsequence({ lower, starts }: Text, letters: string): boolean {
  return starts.some((start) => {
    let at = start
    return lower[start] === letters[0] && [...letters].every((letter) => (at = lower.indexOf(letter, at) + 1) > 0)
  })
}

/**
 * How well a name answers what was typed: 0 the name itself, 1 its beginning, 2 beginnings of its words, 3 its
 * initials, 4 a part of it, 5 beginnings of its other words, 6 its letters with others between; null not at all.
 */
export function rank(typed: string, label: string, otherWords = ''): number | null {
  const query = readText(typed.trim()).lower
  const words = query.split(/\s+/).filter((word) => word !== '')
  const letters = words.join('')
  const name = readText(label)
  if (name.lower === query) return 0
  if (name.lower.startsWith(query)) return 1
  if (startsWords(name, words)) return 2
  const initials = name.starts.map((start) => name.lower[start]).join('')
  if (letters.length > 1 && initials.startsWith(letters)) return 3
  if (name.lower.includes(query)) return 4
  const all = readText(`${label} ${otherWords}`)
  if (words.every((word) => startsWords(all, [word]))) return 5
  return letters.length >= SUBSEQUENCE_CHARS_MIN && isSubsequence(name, letters) ? 6 : null
}

/** What the palette shows for what was typed. `recent` are ids of earlier choices, the newest first. */
export function arrange(commands: readonly Command[], typed: string, recent: readonly string[]): CommandGroup[] {
  return typed.trim() === '' ? idle(commands, recent) : found(commands, typed, recent)
}

function idle(commands: readonly Command[], recent: readonly string[]): CommandGroup[] {
  const byId = new Map(commands.map((command) => [command.id, command]))
  const again = recent.flatMap((id) => byId.get(id) ?? []).slice(0, RECENT_SHOWN)
  return GROUPS.map((name) => {
    if (name === 'Recent') return { name, commands: again }
    const own = commands.filter((command) => command.group === name && !again.includes(command))
    return { name, commands: name === 'Pages' || name === 'Actions' ? own : own.slice(0, IDLE_SHOWN) }
  }).filter((group) => group.commands.length > 0)
}

function found(commands: readonly Command[], typed: string, recent: readonly string[]): CommandGroup[] {
  const age = (id: string) => (recent.includes(id) ? recent.indexOf(id) : recent.length)
  const ranked = commands.flatMap((command) => {
    const { label, detail = '', words = '' } = command
    const order = rank(typed, label, `${detail} ${words}`)
    return order === null ? [] : [{ command, order, age: age(command.id) }]
  })
  // Sorting is stable: what is equal stays in the order of the list.
  ranked.sort((left, right) => left.order - right.order || left.age - right.age)
  const groups = new Map<GroupName, Command[]>()
  for (const { command } of ranked) groups.set(command.group, [...(groups.get(command.group) ?? []), command])
  return [...groups].map(([name, own]) => ({ name, commands: own.slice(0, FOUND_SHOWN) }))
}

/** Where a key leads from a choice: down and up around the ends, Page keys by a screenful. Null for other keys. */
export function optionAt(commands: readonly { id: string }[], active: string | null, key: string): string | null {
  const last = commands.length - 1
  const at = commands.findIndex(({ id }) => id === active)
  const to = {
    ArrowDown: at === last ? 0 : at + 1,
    ArrowUp: at <= 0 ? last : at - 1,
    PageDown: Math.min(last, at + PAGE_STEP),
    PageUp: Math.max(0, at - PAGE_STEP),
  }[key]
  return to === undefined ? null : (commands[to]?.id ?? null)
}
