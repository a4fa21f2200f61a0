/** Panels whose numbers other tests compare with what was sent, or that show something else than events. */
export const ELSEWHERE: Record<string, string> = {
  'product.comparison': 'test/domain/web-views-product.test.ts',
  'product.releases': 'test/domain/web-views-product.test.ts',
  'governance.residency': 'test/browser/governance.test.ts',
}
