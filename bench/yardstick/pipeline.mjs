// The pipeline, whose object can also be asked for nothing: one hop, no turn, no row. In the benchmark only.
import { TenantBudget as RealTenantBudget } from './index.js'

export * from './index.js'
export { default } from './index.js'

export class TenantBudget extends RealTenantBudget {
  nothing() {
    return null
  }
}
