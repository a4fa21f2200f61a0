import type { ViewSpec } from '../panel.ts'
import { approvals } from './approvals.ts'
import { auditTimeline } from './audit.ts'
import { policyDecisions, violations } from './decisions.ts'
import { escalatedBy, escalations } from './escalations.ts'
import { waitingExtensions } from './extensions.ts'
import { egressByTool, egressMap } from './egress.ts'
import { figures } from './head.ts'
import { residency, retentionState } from './keeping.ts'
import { piiByType, piiByWorkflow } from './pii.ts'
import { stoppedRequests } from './stopped.ts'

export const governance: ViewSpec = {
  id: 'governance',
  title: 'Governance',
  about: 'What rules decided and stopped, where data go, who waits for an answer, and how data are kept.',
  panels: [
    figures,
    policyDecisions,
    stoppedRequests,
    violations,
    egressMap,
    egressByTool,
    piiByType,
    piiByWorkflow,
    approvals,
    escalations,
    escalatedBy,
    waitingExtensions,
    auditTimeline,
    residency,
    retentionState,
  ],
}
