import type { Cell } from '../../contract/tenant.ts'
import { queryOf } from '../saved-view.ts'
import type { ReportRow } from './report.ts'

/** Titles of the built-in views, as mails name them. */
const TITLES: Record<string, string> = {
  overview: 'Overview',
  operations: 'Operations',
  product: 'Product',
  finance: 'Finance',
  governance: 'Governance',
}

const RANGES: Record<string, string> = {
  '1h': 'the last hour',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
  '90d': 'the last 90 days',
}

const REGIONS: Record<Cell, string> = { global: 'global', eu: 'EU', us: 'US' }

/** A mail without its address. */
export interface ReportMail {
  subject: string
  text: string
}

/** Where the view of a report is looked at. */
export function reportUrl({ origin, shown }: Pick<ReportRow, 'origin' | 'shown'>, orgSlug: string): string {
  const path = 'page' in shown ? shown.page : `dashboards/${encodeURIComponent(shown.dashboardId)}`
  const query = queryOf(shown.params)
  return `${origin}/${orgSlug}/${path}${query === '' ? '' : `?${query}`}`
}

/** A name for the file, which any file system takes. */
export function fileNameOf({ name, format, zone }: Pick<ReportRow, 'name' | 'format' | 'zone'>, nowMs: number): string {
  const words = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(nowMs)
  return `${words === '' ? 'report' : words}-${day}.${format}`
}

/** What a report's mail says; `note` where there is no picture with it, and why. */
export function reportMail(
  report: ReportRow,
  {
    org,
    dashboard,
    note,
  }: { org: { name: string; slug: string; cell: Cell }; dashboard: string | null; note: string | null },
): ReportMail {
  const { shown, origin, zone, format } = report
  const title = 'page' in shown ? (TITLES[shown.page] ?? 'A view') : (dashboard ?? 'A dashboard')
  const lines = [
    `${title} of ${org.name} (region ${REGIONS[org.cell]}): ${rangeWords(report)}, times in ${zone}.`,
    note ?? `The view is attached as ${format.toUpperCase()}.`,
    `Look at it live: ${reportUrl(report, org.slug)}`,
    `You get this because a member of ${org.name} sends it to you. To change or stop it: ${origin}/${org.slug}/reports`,
  ]
  return { subject: `${report.name} · ${org.name}`, text: lines.join('\n\n') }
}

function rangeWords({ shown }: Pick<ReportRow, 'shown'>): string {
  const params = new Map(shown.params)
  const [from, to, preset] = [params.get('from'), params.get('to'), params.get('range')]
  if (from) return `from ${from} to ${to ? to : 'now'}`
  return (preset && RANGES[preset]) ?? 'the view’s own range'
}
