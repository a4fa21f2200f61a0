import type { DashboardPanel } from '../../saved-views.ts'
import type { PanelGroup, PanelHead } from '../views/catalogue.ts'

export type Span = DashboardPanel['span']

export const SPAN_WORDS: Record<Span, string> = {
  3: 'a quarter',
  4: 'a third',
  6: 'half',
  8: 'two thirds',
  12: 'the whole width',
}

/** The list with the panel at one place put to another; the same list where that is no place. */
export function moved(panels: readonly DashboardPanel[], from: number, to: number): DashboardPanel[] {
  const panel = panels[from]
  if (panel === undefined || to < 0 || to >= panels.length) return [...panels]
  return panels.toSpliced(from, 1).toSpliced(to, 0, panel)
}

export const without = (panels: readonly DashboardPanel[], id: string) => panels.filter((panel) => panel.id !== id)

export const resized = (panels: readonly DashboardPanel[], id: string, span: Span) =>
  panels.map((panel) => (panel.id === id ? { ...panel, span } : panel))

export function isSame(a: readonly DashboardPanel[], b: readonly DashboardPanel[]): boolean {
  return a.length === b.length && a.every(({ id, span }, at) => id === b[at]?.id && span === b[at].span)
}

/** The panels in whose title, view, unit or meaning every word of a text occurs. */
export function found(groups: readonly PanelGroup<PanelHead>[], text: string): PanelGroup<PanelHead>[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return groups.flatMap(({ title, panels }) => {
    const hits = panels.filter((panel) => {
      const said = `${title} ${panel.title} ${panel.unit} ${panel.definition}`.toLowerCase()
      return words.every((word) => said.includes(word))
    })
    return hits.length === 0 ? [] : [{ title, panels: hits }]
  })
}
