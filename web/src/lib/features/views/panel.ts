import type { Role } from '../../../../../workers/contract/api.ts'
import type { Comparison, Filters } from '../filters/filters.ts'
import type { Preset, TimeRange } from '../filters/range.ts'
import type { Step } from '../../ui/chart/words.ts'
import type { Ask } from './ask.ts'
import type { ViewId } from './ids.ts'

/** How a value is said. Money is a decimal string; durations are milliseconds; percent is a share from 0 to 1. */
export type Format = 'usd' | 'count' | 'number' | 'duration' | 'percent' | 'text' | 'datetime'
export type Cell = string | number | null

/** What a view is asked for: whose, when, against what, and of which part of it. */
export interface Scope {
  /** The organization's slug. */
  org: string
  /** What the person who asks is in it. */
  role: Role
  range: TimeRange
  /** What the range is compared with; null with nothing. */
  before: { from_ms: number; to_ms: number; buckets: number[] } | null
  comparison: Comparison
  filters: Filters
  /** The URL's parameters, in which controls of panels are kept. */
  params: Record<string, string>
  projects: readonly { id: string; slug: string; name: string; workspace_id: string }[]
  /** The project whose traces are listed where no project is filtered. */
  project: string
  nowMs: number
}

export interface Measured {
  /** A measure's name, its unit and its formula, as they are shown on hover. */
  label: string
  format: Format
  definition?: string
}

/** One number of a panel's head. */
export interface Figure extends Measured {
  key: string
  value: Cell
  /** Its value in the period that is compared with. */
  before?: Cell
  /** Which direction is good; absent where neither is. */
  better?: 'less' | 'more'
  href?: string
  note?: string
}

export interface Series {
  key: string
  label: string
  kind: 'line' | 'bar'
  /** A CSS colour; by default that of the entity's key. */
  color?: string
  values: Cell[]
  before?: Cell[]
}

export interface Column extends Measured {
  key: string
  /** Not shown until it is chosen. */
  hidden?: boolean
}

export interface TableRow {
  key: string
  cells: Record<string, Cell>
  /** The traces behind it. */
  href?: string
  /** Where single cells lead, by column. */
  links?: Record<string, string>
}

/** Calls from one to another, as a line of a graph. */
export interface GraphEdge {
  key: string
  from: string
  to: string
  /** What `to` is: names of different kinds are different things. */
  kind: string
  calls: number
  failed: number
  /** Null where they are not told apart. */
  retries: number | null
  href?: string
}

export type PanelData =
  | { type: 'figures'; figures: Figure[] }
  | {
      type: 'series'
      format: Format
      series: Series[]
      href?: string
      marks?: { at_ms: number; label: string }[]
      /** Where time is not cut as the range is: the starts of its own buckets, oldest first. */
      cut?: { step: Step; buckets: number[] }
    }
  | {
      type: 'table'
      columns: Column[]
      rows: TableRow[]
      /** Sorted by this column at first, downwards where the column is numeric. */
      sort?: string
      /** A bar in this column shows its share of the greatest. */
      bar?: string
    }
  | {
      type: 'heatmap'
      format: Format
      /** The colour of what is much; danger by default, accent where much is not bad. */
      tone?: 'danger' | 'accent'
      /** What the columns and rows are. */
      x: string
      y: string
      columns: { key: string; label: string }[]
      rows: { key: string; label: string; values: Cell[]; hrefs?: (string | null)[] }[]
    }
  | {
      type: 'histogram'
      format: Format
      groups: {
        key: string
        label: string
        /** Upper edges rise; a bin holds what lies between its edges. */
        bins: { from: number; to: number; count: number }[]
        marks: { label: string; value: number }[]
        href?: string
      }[]
    }
  | {
      type: 'scatter'
      x: Measured
      y: Measured
      size?: Measured
      points: { key: string; label: string; x: Cell; y: Cell; size?: Cell; href?: string }[]
    }
  | {
      type: 'graph'
      /** What stands on the left and on the right. */
      layers: [string, string]
      edges: GraphEdge[]
    }

/** A choice that a panel offers; it is kept in the URL. */
export interface Control {
  /** The URL's parameter. */
  param: string
  label: string
  value: string
  options: { value: string; label: string }[]
}

/** A panel's data, with what must be said about it. */
export type Shaped = PanelData & {
  controls?: Control[]
  /** Such as that it is approximate or a sample. */
  note?: string
  /** Nothing to show: why, and what to do. */
  empty?: string
  /** Where there is more of this. */
  more?: { label: string; href: string }[]
}

/** A part of a view: what it shows, what that means, and where it comes from. */
export interface PanelSpec {
  /** Stable: saved dashboards name it. */
  id: string
  title: string
  /** The unit of what is drawn, in words. */
  unit: string
  /** What is measured, with the formula and its source. */
  definition: string
  /** Of twelve columns of the grid, on a wide screen. */
  span: 3 | 4 | 6 | 8 | 12
  /** About how high it is drawn on a wide screen, in pixels: kept free while it loads, so that nothing below jumps. */
  height?: number
  load(ask: Ask, scope: Scope): Promise<Shaped>
}

export interface ViewSpec {
  id: ViewId
  title: string
  /** The question that it answers. */
  about: string
  /** What is shown where the URL names no range; the last 24 hours where this is absent. */
  range?: Preset
  panels: PanelSpec[]
}
