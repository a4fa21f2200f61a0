import { refund, supportTriage, ticketReply } from './customer-workflows.ts'
import { invoice, leadResearch, marketBrief, prospect, review } from './office-workflows.ts'
import type { Workflow } from './workflow.ts'

/** Everything that runs at Acme. */
export const WORKFLOWS: readonly Workflow[] = [
  supportTriage,
  ticketReply,
  refund,
  marketBrief,
  review,
  prospect,
  leadResearch,
  invoice,
]
