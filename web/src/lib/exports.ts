import { Page } from '../../../workers/contract/api.ts'
import { Export } from '../../../workers/contract/export.ts'
import { orgPath, type Api } from './api.ts'

export type { Export }
const Exports = Page(Export)

/** What the settings ask about exports. */
export function exportsOf(api: Api, org: string) {
  return {
    list: async () => (await api.get(orgPath(org, 'exports'), Exports)).data,
    start: () => api.post(orgPath(org, 'exports'), Export),
    cancel: (id: string) => api.post(orgPath(org, 'exports', id, 'cancel'), Export),
  }
}

/** Where a browser takes the file from. */
export const downloadHref = (org: string, id: string) => orgPath(org, 'exports', id, 'download')

const STEPS: Record<Export['step'], string> = {
  organization: 'Writing down the organization',
  tables: 'Writing events, traces and ledger',
  dead_letters: 'Writing dead letters',
  manifest: 'Writing the list of files',
}
const KB = 1000

/** How far an export is, in words. */
export function exportProgress({ state, step, rows, files }: Export): string {
  const done = `${rows.toLocaleString('en')} rows in ${files.toLocaleString('en')} files`
  return state === 'running' ? `${STEPS[step]}: ${done} so far` : done
}

/** `1.2 MB`, decimal. */
export function bytesText(bytes: number): string {
  if (bytes < KB) return `${bytes} B`
  return bytes < KB * KB ? `${(bytes / KB).toFixed(1)} kB` : `${(bytes / KB / KB).toFixed(1)} MB`
}
