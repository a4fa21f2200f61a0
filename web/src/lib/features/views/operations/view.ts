import type { ViewSpec } from '../panel.ts'
import { causes } from './causes.ts'
import { errorClasses, taxonomy } from './errors.ts'
import { failingSteps } from './failing.ts'
import { failureMap } from './failures.ts'
import { cascades, dependencies } from './graph.ts'
import { head } from './head.ts'
import { latencyByModel, latencyByProvider, latencyByTool } from './latency.ts'
import { lastRequests } from './live.ts'
import { messages } from './messages.ts'
import { retriesByModel, retriesByWorkflow } from './retries.ts'
import { storms } from './storms.ts'
import { concurrency, people, queues, requestRate, requests } from './traffic.ts'

export const operations: ViewSpec = {
  id: 'operations',
  title: 'Operations',
  about: 'What fails now, where, and how far it spreads.',
  panels: [
    head,
    requests,
    requestRate,
    failureMap,
    taxonomy,
    errorClasses,
    messages,
    failingSteps,
    storms,
    causes,
    dependencies,
    cascades,
    retriesByModel,
    retriesByWorkflow,
    latencyByModel,
    latencyByTool,
    latencyByProvider,
    concurrency,
    queues,
    people,
    lastRequests,
  ],
}
