/** Panels whose numbers other tests compare with what was sent, or that show something else than events. */
export const ELSEWHERE: Record<string, string> = {
  'finance.figures': 'test/browser/finance.test.ts',
  'finance.spend-by': 'test/browser/finance.test.ts',
  'finance.spend-over-time': 'test/browser/finance.test.ts',
  'product.comparison': 'test/domain/web-views-product.test.ts',
  'product.releases': 'test/domain/web-views-product.test.ts',
  'governance.approvals': 'test/browser/governance.test.ts',
  'governance.audit': 'test/browser/governance.test.ts',
  'governance.decisions': 'test/browser/governance.test.ts',
  'governance.violations': 'test/browser/governance.test.ts',
  'governance.escalations': 'test/browser/governance.test.ts',
  'governance.escalated-by': 'test/browser/governance.test.ts',
  'governance.extensions': 'test/browser/governance.test.ts',
  'governance.figures': 'test/browser/governance.test.ts',
  'governance.retention': 'test/browser/governance.test.ts',
  'governance.residency': 'test/browser/governance.test.ts',
  'governance.stopped': 'test/browser/governance.test.ts',
}
