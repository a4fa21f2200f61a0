// The pipeline, whose object can also be asked for nothing (one hop, no turn, no row), and for one row and nothing
// else: what the platform takes to make an answer durable. In the benchmark only.
import { TenantBudget as RealTenantBudget } from './index.js'

export * from './index.js'
export { default } from './index.js'

export class TenantBudget extends RealTenantBudget {
  constructor(ctx, env) {
    super(ctx, env)
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS yardstick (id INTEGER PRIMARY KEY)')
  }

  nothing() {
    return null
  }

  oneRow() {
    this.ctx.storage.sql.exec('INSERT INTO yardstick DEFAULT VALUES')
    return null
  }
}
