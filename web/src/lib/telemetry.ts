import { SpendAnswer } from '../../../workers/contract/api.ts'
import { TraceDetail, TracesAnswer } from '../../../workers/contract/trace.ts'
import { Watermark } from '../../../workers/contract/batch.ts'
import { MetricsAnswer, type MetricsQuery } from '../../../workers/contract/metrics.ts'
import { orgPath, projectPath, type Api } from './api.ts'

/** What the pages ask of an organization's telemetry. */
export function orgTelemetry(api: Api, org: string) {
  return {
    metrics: (query: Partial<MetricsQuery>) => api.post(orgPath(org, 'metrics', 'query'), MetricsAnswer, query),
    spend: (query: URLSearchParams) => api.get(`${orgPath(org, 'spend')}?${query}`, SpendAnswer),
    watermark: (project: string) => api.get(projectPath(project, 'watermark'), Watermark),
  }
}

/** What the pages ask of one project's traces. */
export function projectTelemetry(api: Api, project: string) {
  return {
    traces: (query: Record<string, string>) =>
      api.get(`${projectPath(project, 'traces')}?${new URLSearchParams(query)}`, TracesAnswer),
    trace: (id: string) => api.get(projectPath(project, 'traces', id), TraceDetail),
    watermark: () => api.get(projectPath(project, 'watermark'), Watermark),
  }
}
